using System;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;

namespace Asr.DiskTool;

/// <summary>Prints the SHA-256 of a whole disk and its size, as one line of JSON.</summary>
internal static class HashCommand
{
    private const int BlockBytes = 1 << 20;

    public static Command Create()
    {
        DiskOptions disk = new();
        Command command = new("hash", "Prints the SHA-256 of a disk's content.");
        disk.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            await using IBlockDevice device = await disk.OpenAsync(arguments, isReadOnly: true, cancellationToken);
            string sha256 = await HashAsync(device, cancellationToken);
            Console.WriteLine(JsonSerializer.Serialize(new { sha256, sizeBytes = device.Length }, AsrJson.Options));
        });
        return command;
    }

    private static async Task<string> HashAsync(IBlockDevice device, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[BlockBytes];
        for (long offset = 0; offset < device.Length; offset += block.Length)
        {
            Memory<byte> part = block.AsMemory(0, (int)Math.Min(block.Length, device.Length - offset));
            await device.ReadAsync(offset, part, cancellationToken);
            hash.AppendData(part.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
