namespace Cairn.Cli;

/// <summary>What <c>cairn</c> exits with.</summary>
internal static class ExitCodes
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>A step failed.</summary>
    public const int StepFailed = 1;

    /// <summary>What was verified does not hold, or a case of a policy.</summary>
    public const int NotVerified = 1;

    /// <summary>What was attested is not what would be executed now.</summary>
    public const int Drifted = 1;

    /// <summary>Wrong usage, or a pipeline with mistakes.</summary>
    public const int Usage = 2;

    /// <summary>Cairn itself failed.</summary>
    public const int Internal = 3;

    /// <summary>Nothing is known to be wrong, but what is to be verified could not be: there is no attestation, or none that counts.</summary>
    public const int Unverifiable = 4;

    /// <summary>Executions of an attested action differ among themselves.</summary>
    public const int Nondeterministic = 5;

    /// <summary>Executions of an attested action agree with each other, and not with what was attested.</summary>
    public const int Unexplained = 6;

    /// <summary>Bytes, a digest or a signature are not what they should be.</summary>
    public const int Tampered = 7;

    /// <summary>Cancelled by a person or a signal.</summary>
    public const int Cancelled = 130;
}
