using System;
using System.Security.Cryptography;
using System.Text;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.Enrollment;

public sealed class EnrollmentTokenTests
{
    private static readonly EnrollmentToken Token = new()
    {
        Id = Guid.NewGuid(),
        Secret = RandomNumberGenerator.GetBytes(32),
        Authority = Convert.ToHexString(RandomNumberGenerator.GetBytes(32)),
    };

    [Fact]
    public void WhatIsEncodedIsParsed()
    {
        string text = Token.Encode();
        EnrollmentToken parsed = EnrollmentToken.Parse($"  {text}\n");
        Assert.Equal(Token.Id, parsed.Id);
        Assert.Equal(Token.Secret, parsed.Secret);
        Assert.Equal(Token.Authority, parsed.Authority);
        Assert.Matches("^[A-Za-z0-9_-]+$", text);
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        string text = Token.Encode();
        for (int length = 0; length < text.Length; length++)
        {
            AsrException error = Assert.Throws<AsrException>(() => EnrollmentToken.Parse(text[..length]));
            Assert.Equal(AsrErrorCode.TokenInvalid, error.Code);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[1,2]")]
    [InlineData("{\"v\":2,\"id\":\"9b1a8a0e-3a75-4e8e-8f43-6d0f3c5a1f10\",\"secret\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"authority\":\"\"}")]
    [InlineData("{\"v\":1,\"id\":\"9b1a8a0e-3a75-4e8e-8f43-6d0f3c5a1f10\",\"secret\":\"AAAA\",\"authority\":\"00\"}")]
    [InlineData("{\"v\":1,\"id\":\"9b1a8a0e-3a75-4e8e-8f43-6d0f3c5a1f10\",\"secret\":null,\"authority\":null}")]
    public void OtherDocumentsAreRefused(string json)
    {
        string text = Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        Assert.Equal(AsrErrorCode.TokenInvalid, Assert.Throws<AsrException>(() => EnrollmentToken.Parse(text)).Code);
    }

    [Fact]
    public void TheSecretIsInNoText()
    {
        string secret = Convert.ToBase64String(Token.Secret);
        Assert.DoesNotContain(secret, Token.ToString(), StringComparison.Ordinal);
        string broken = Token.Encode()[..^3] + "!!!";
        AsrException error = Assert.Throws<AsrException>(() => EnrollmentToken.Parse(broken));
        Assert.DoesNotContain(broken[..20], error.Message, StringComparison.Ordinal);
    }
}
