using System.Collections.Immutable;

using Cairn.Core.Events;

namespace Cairn.Engine.Handlers;

/// <summary>Who is told of what happens in runs: an entry under <c>handlers</c> of the user's configuration. Never from a project, since it runs commands and sends data away.</summary>
public abstract record HandlerSettings
{
    private HandlerSettings()
    {
    }

    /// <summary>Its name, which is also that of its folder in the state.</summary>
    public required string Name { get; init; }

    /// <summary>The names of events that it wants.</summary>
    public required ImmutableArray<NamePattern> Events { get; init; }

    /// <summary>Of which pipelines; empty for all.</summary>
    public ImmutableArray<NamePattern> Pipelines { get; init; } = [];

    /// <summary>Of runs on which branches; empty for all, also those without git.</summary>
    public ImmutableArray<NamePattern> Branches { get; init; } = [];

    /// <summary>How long a run waits for it at its end.</summary>
    public TimeSpan Drain { get; init; } = HandlerLimits.DrainDefault;

    /// <summary>Its kind in a word.</summary>
    public abstract string Kind { get; }

    /// <summary>Where events go, as it may be shown: never more than the host of an address, whose path may be a secret.</summary>
    public abstract string Target { get; }

    /// <summary>How many it takes at once.</summary>
    public virtual int Parallel => 1;

    /// <summary>Appends a line for each event to a file.</summary>
    public sealed record File : HandlerSettings
    {
        /// <summary>The file, absolute.</summary>
        public required string Path { get; init; }

        /// <summary>At which size it is set aside as <c>.1</c>.</summary>
        public long RotateBytes { get; init; } = HandlerLimits.RotateBytesDefault;

        /// <summary>How many that were set aside are kept.</summary>
        public int Keep { get; init; } = HandlerLimits.KeepDefault;

        /// <inheritdoc/>
        public override string Kind => "file";

        /// <inheritdoc/>
        public override string Target => Path;
    }

    /// <summary>Posts each event, signed.</summary>
    public sealed record Webhook : HandlerSettings
    {
        /// <summary>The address.</summary>
        public required Uri Address { get; init; }

        /// <summary>Where the key of the signature comes from.</summary>
        public required SecretPlace Secret { get; init; }

        /// <summary>How long one try may take.</summary>
        public TimeSpan Timeout { get; init; } = HandlerLimits.WebhookTimeoutDefault;

        /// <inheritdoc/>
        public override string Kind => "webhook";

        /// <inheritdoc/>
        public override string Target => Address.GetLeftPart(UriPartial.Authority);
    }

    /// <summary>Runs a program for each event, which reads it from its standard input.</summary>
    public sealed record Command : HandlerSettings
    {
        /// <summary>The program, absolute or one of PATH, and its arguments.</summary>
        public required ImmutableArray<string> Arguments { get; init; }

        /// <summary>How long it may take.</summary>
        public TimeSpan Timeout { get; init; } = HandlerLimits.CommandTimeoutDefault;

        /// <summary>How many of it run at once; their order is no longer that of the events where these are several.</summary>
        public int AtOnce { get; init; } = 1;

        /// <inheritdoc/>
        public override string Kind => "command";

        /// <inheritdoc/>
        public override string Target => Arguments[0];

        /// <inheritdoc/>
        public override int Parallel => AtOnce;
    }
}

/// <summary>Where a secret comes from: one of the two.</summary>
/// <param name="File">A file that only its owner may read.</param>
/// <param name="Variable">A variable of the caller's environment.</param>
public sealed record SecretPlace(string? File, string? Variable)
{
    /// <inheritdoc/>
    public override string ToString() => File ?? $"${Variable}";
}

/// <summary>The limits of handlers.</summary>
public static class HandlerLimits
{
    /// <summary>Handlers of one user.</summary>
    public const int HandlersMax = 64;

    /// <summary>Patterns of one filter.</summary>
    public const int PatternsMax = 64;

    /// <summary>UTF-16 units of a pattern, a path or an argument.</summary>
    public const int TextCharsMax = 4_096;

    /// <summary>Events that wait for one handler in memory; of more the oldest go.</summary>
    public const int QueuedMax = 4_096;

    /// <summary>Their bytes.</summary>
    public const int QueuedBytesMax = 8 << 20;

    /// <summary>Events that are kept for the next run; of more the oldest go.</summary>
    public const int KeptMax = 4_096;

    /// <summary>Their bytes.</summary>
    public const int KeptBytesMax = 8 << 20;

    /// <summary>Commands of one handler at once.</summary>
    public const int CommandsMax = 16;

    /// <summary>Bytes of a key.</summary>
    public const int SecretBytesMax = 4_096;

    /// <summary>Bytes of a key at least: RFC 2104 wants no fewer than the hash gives strength to, and 16 is what can still not be guessed.</summary>
    public const int SecretBytesMin = 16;

    /// <summary>Bytes of what commands printed, twice of which is kept.</summary>
    public const int CommandLogBytesMax = 1 << 20;

    /// <summary>Events that a file takes with one write.</summary>
    public const int FileBatchMax = 512;

    /// <summary>The smallest size at which a file may be set aside.</summary>
    public const long RotateBytesMin = 64 << 10;

    /// <summary>The size at which a file is set aside where nobody says.</summary>
    public const long RotateBytesDefault = 64L << 20;

    /// <summary>How many files that were set aside are kept where nobody says.</summary>
    public const int KeepDefault = 4;

    /// <summary>How many may be kept.</summary>
    public const int KeepMax = 100;

    /// <summary>How long a run waits for a handler at its end where nobody says.</summary>
    public static readonly TimeSpan DrainDefault = TimeSpan.FromSeconds(2);

    /// <summary>How long a run may be told to wait.</summary>
    public static readonly TimeSpan DrainMax = TimeSpan.FromMinutes(1);

    /// <summary>How long one try of a webhook may take where nobody says.</summary>
    public static readonly TimeSpan WebhookTimeoutDefault = TimeSpan.FromSeconds(10);

    /// <summary>How long a command may take where nobody says.</summary>
    public static readonly TimeSpan CommandTimeoutDefault = TimeSpan.FromSeconds(30);

    /// <summary>How long one try may be told to take.</summary>
    public static readonly TimeSpan TimeoutMax = TimeSpan.FromMinutes(10);

    /// <summary>From SIGTERM to SIGKILL for a command that takes too long.</summary>
    public static readonly TimeSpan CommandGrace = TimeSpan.FromMilliseconds(500);

    /// <summary>The pause after the first try that failed; it doubles.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest pause, also where a receiver asks for a longer one.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>How long an event is kept that cannot be delivered.</summary>
    public static readonly TimeSpan KeptAge = TimeSpan.FromDays(7);
}
