namespace Cairn.Engine;

/// <summary>Every limit of the engine. Units come last in the names.</summary>
public static class Limits
{
    /// <summary>Bytes of a step's <c>$CAIRN_OUTPUT</c> file.</summary>
    public const int StepOutputBytesMax = 1 << 20;

    /// <summary>Keys of a step's <c>$CAIRN_OUTPUT</c> file.</summary>
    public const int StepOutputKeysMax = 1_000;

    /// <summary>Bytes of a step's <c>$CAIRN_SUMMARY</c> file that are kept.</summary>
    public const int StepSummaryBytesMax = 1 << 20;

    /// <summary>Bytes of one JUnit report.</summary>
    public const int ReportBytesMax = 64 << 20;

    /// <summary>Reports of one job.</summary>
    public const int ReportsMax = 1_000;

    /// <summary>Bytes of the index of a stored log.</summary>
    public const int LogIndexBytesMax = 64 << 20;

    /// <summary>Names of failed tests that an event carries.</summary>
    public const int FailedTestNamesMax = 20;

    /// <summary>Lines of what a failed test said that an event carries.</summary>
    public const int FailedTestMessageLinesMax = 3;

    /// <summary>UTF-16 units of each of these lines.</summary>
    public const int FailedTestMessageLineCharsMax = 200;

    /// <summary>Bytes of one secret.</summary>
    public const int SecretBytesMax = 64 << 10;

    /// <summary>Output files of one job.</summary>
    public const int OutputFilesMax = 1_000_000;

    /// <summary>Depth of folders that is walked.</summary>
    public const int TreeDepthMax = 256;

    /// <summary>Folders that are searched for lock files.</summary>
    public const int DependencyFoldersMax = 200_000;

    /// <summary>Lock files that are read at once.</summary>
    public const int DependencyFilesMax = 2_000;

    /// <summary>Bytes of all lock files that are read at once.</summary>
    public const int DependencyBytesMax = 256 << 20;

    /// <summary>Bytes of what an installed package says of itself.</summary>
    public const int PackageMetadataBytesMax = 1 << 20;

    /// <summary>Bytes of a file with ignore rules.</summary>
    public const int IgnoreRulesBytesMax = 4 << 20;

    /// <summary>Messages between jobs and the run's loop that may wait.</summary>
    public const int LoopMessagesMax = 4_096;

    /// <summary>UTF-16 units of a script that is passed as an argument; longer ones go through a file.</summary>
    public const int InlineScriptCharsMax = 32_000;

    /// <summary>Bytes that a git command may print.</summary>
    public const int GitOutputBytesMax = 64 << 20;

    /// <summary>Bytes of git's index, of its packed refs, and of what is remembered of them; larger ones are left to git.</summary>
    public const int GitFileBytesMax = 256 << 20;

    /// <summary>
    /// Bytes of a tracked file that is hashed to see whether it differs, where its stat says that it was touched and its size is the same. Of a larger one the time of its last
    /// modification decides.
    /// </summary>
    public const int GitHashedFileBytesMax = 4 << 20;

    /// <summary>How long a git command may take.</summary>
    public static readonly TimeSpan GitTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long the command of a secret may take.</summary>
    public static readonly TimeSpan SecretCommandTimeout = TimeSpan.FromMinutes(1);

    /// <summary>How long the command of a key may take to sign: a person may have to touch a token.</summary>
    public static readonly TimeSpan SignerTimeout = TimeSpan.FromMinutes(1);

    /// <summary>What the command of a key may print; a signature has 64 bytes.</summary>
    public const int SignerOutputBytesMax = 4_096;

    /// <summary>How much of what the command of a key said of its failure is shown, in characters.</summary>
    public const int SignerErrorCharactersMax = 300;

    /// <summary>How long one look of a readiness probe may take.</summary>
    public static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long an execution may take of something that is known to have taken some time: under another clock it may wait for ever.</summary>
    public static TimeSpan ReproducedMax(double wallMs)
    {
        const double FactorMax = 10, MillisecondsMin = 20_000, MillisecondsMax = 86_400_000;
        return TimeSpan.FromMilliseconds(Math.Clamp(wallMs * FactorMax, MillisecondsMin, MillisecondsMax));
    }
}
