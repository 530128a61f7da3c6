namespace Cairn.Cli.Commands;

/// <summary>What a command line of <c>cairn fetch</c> asks for beside what it shares with <c>cairn run</c>.</summary>
/// <param name="Steps">The steps or jobs; empty for all that fetch.</param>
/// <param name="Update">Whether what is pinned is fetched again.</param>
/// <param name="DryRun">Whether nothing is kept.</param>
internal sealed record FetchArguments(string[] Steps, bool Update, bool DryRun);

/// <summary>What a command line of <c>cairn run</c> asks for.</summary>
internal sealed record RunArguments
{
    public string? Directory { get; init; }

    public string? File { get; init; }

    public string[] Steps { get; init; } = [];

    public string[] Parameters { get; init; } = [];

    public string[] Only { get; init; } = [];

    public string[] From { get; init; } = [];

    public string[] Until { get; init; } = [];

    public bool KeepGoing { get; init; }

    public bool Keep { get; init; }

    public string? RetryFailed { get; init; }

    public bool NoCache { get; init; }

    public string? Key { get; init; }

    public int? PassphraseFd { get; init; }

    public bool Deterministic { get; init; }

    public string[] Force { get; init; } = [];

    public int? MaxParallel { get; init; }

    public bool DryRun { get; init; }

    public bool Json { get; init; }

    public bool Plain { get; init; }

    public bool Quiet { get; init; }

    /// <summary>What <c>cairn fetch</c> asks for; null for <c>cairn run</c>.</summary>
    public FetchArguments? Fetch { get; init; }

    /// <summary>
    /// Reads a plain command line, as most are: flags, <c>-C DIR</c>, <c>-j N</c> and steps, each once. Null for every other, right or wrong, which is the parser's business:
    /// setting that up takes as long as everything else before the first step.
    /// </summary>
    /// <param name="args">The command line.</param>
    /// <param name="from">Where the words after <c>run</c> begin.</param>
    public static RunArguments? TryReadPlain(IReadOnlyList<string> args, int from)
    {
        var result = new RunArguments();
        List<string>? steps = null;
        for (var i = from; i < args.Count; i++)
        {
            var word = args[i];
            switch (word)
            {
                case "--quiet" or "-q" when !result.Quiet:
                    result = result with { Quiet = true };
                    break;
                case "--plain" when !result.Plain:
                    result = result with { Plain = true };
                    break;
                case "--json" when !result.Json:
                    result = result with { Json = true };
                    break;
                case "--dry-run" when !result.DryRun:
                    result = result with { DryRun = true };
                    break;
                case "--keep-going" or "-k" when !result.KeepGoing:
                    result = result with { KeepGoing = true };
                    break;
                case "--keep" when !result.Keep:
                    result = result with { Keep = true };
                    break;
                case "--no-cache" when !result.NoCache:
                    result = result with { NoCache = true };
                    break;
                case "--deterministic" when !result.Deterministic:
                    result = result with { Deterministic = true };
                    break;
                case "--directory" or "-C" when result.Directory is null && i + 1 < args.Count && args[i + 1] is { Length: > 0 } directory && directory[0] != '-':
                    result = result with { Directory = directory };
                    i++;
                    break;
                case "--max-parallel" or "-j" when result.MaxParallel is null && i + 1 < args.Count && Number(args[i + 1]) is > 0 and var number:
                    result = result with { MaxParallel = number };
                    i++;
                    break;
                // `true` and `false` may be the value of the flag before them.
                case not ("true" or "false") when word.Length > 0 && char.IsAsciiLetterLower(word[0]):
                    (steps ??= []).Add(word);
                    break;
                default:
                    return null;
            }
        }

        return steps is null ? result : result with { Steps = [.. steps] };
    }

    private static int Number(string text)
    {
        var value = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c) || text.Length > 4)
            {
                return 0;
            }

            value = (value * 10) + (c - '0');
        }

        return value;
    }
}
