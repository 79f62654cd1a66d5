using System;
using System.Security.Cryptography.X509Certificates;

namespace Asr.ProcessServer.Hosting;

/// <summary>Subjects of the certificates the appliance issues: the role in the organizational unit, who it is in the common name.</summary>
internal static class CertificateSubjects
{
    /// <summary>Unit of operators.</summary>
    public const string OperatorUnit = "operator";

    /// <summary>Unit of agents.</summary>
    public const string AgentUnit = "agent";

    /// <summary>Subject of a machine's agent.</summary>
    public static X500DistinguishedName Agent(Guid machineId) => Build(machineId.ToString("D"), AgentUnit);

    /// <summary>Subject of an operator.</summary>
    public static X500DistinguishedName Operator(string userName) => Build(userName, OperatorUnit);

    // The builder encodes values as data: a name such as "x,OU=operator" cannot grow a second part.
    private static X500DistinguishedName Build(string name, string unit)
    {
        X500DistinguishedNameBuilder subject = new();
        subject.AddOrganizationalUnitName(unit);
        subject.AddCommonName(name);
        return subject.Build();
    }
}
