using System.CommandLine;

using Cairn.Cli.Keys;

namespace Cairn.Cli.Commands;

/// <summary>The options of <c>cairn run</c> as the parser knows them.</summary>
internal sealed class RunOptions
{
    private readonly ProjectOptions _project = new();
    private readonly Argument<string[]> _steps = new("STEP") { Arity = ArgumentArity.ZeroOrMore, Description = "Steps to run with everything they need, as with --until; all steps without" };
    private readonly Option<string[]> _parameters = Many("--param", "NAME=VALUE", "Set a parameter of the pipeline; may be repeated", "-p");
    private readonly Option<string[]> _only = Many("--only", "STEP", "Run only this step, without what it needs; may be repeated");
    private readonly Option<string[]> _from = Many("--from", "STEP", "Run this step and everything that follows from it; may be repeated");
    private readonly Option<string[]> _until = Many("--until", "STEP", "Run this step and everything it needs; may be repeated");
    private readonly Option<bool> _keepGoing = new("--keep-going", "-k") { Description = "Go on with what does not depend on a failed step" };
    private readonly Option<bool> _keep = new("--keep") { Description = "Stop at the first failure without another attempt, and say how to enter the step's root" };
    private readonly Option<string?> _retryFailed = new("--retry-failed") { Description = "Run again what failed in RUN (an id, a part of one, or last) and what follows", HelpName = "RUN" };
    private readonly Option<bool> _noCache = new("--no-cache") { Description = "Execute every step, and neither ask nor fill the cache" };
    private readonly Option<string[]> _force = Many("--force", "STEP", "Execute this step although its result is in the cache, and replace that; may be repeated");
    private readonly Option<bool> _deterministic = new("--deterministic") { Description = "Treat every step as if it said `deterministic: true`" };
    private readonly Option<int?> _maxParallel = new("--max-parallel", "-j") { Description = "Jobs at once; otherwise what the pipeline says, or the number of processors", HelpName = "N" };
    private readonly Option<string?> _key = new("--key") { Description = "The key of ~/.config/cairn/keys that signs; otherwise CAIRN_KEY, sign_with of trust.yaml, or default", HelpName = "NAME" };
    private readonly Option<int?> _passphraseFd = Passphrases.CreateOption();
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show what would run and why, and run nothing" };
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object a line: every event, and every line that a step writes" };
    private readonly Option<bool> _plain = new("--plain") { Description = "Write lines that only ever follow each other, as in CI" };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Say nothing but failures and how the run ended" };

    public void AddTo(Command command)
    {
        command.Add(_steps);
        foreach (var option in (ReadOnlySpan<Option>)
            [_project.Directory, _project.File, _parameters, _only, _from, _until, _keepGoing, _keep, _retryFailed, _noCache, _force, _deterministic, _maxParallel, _key, _passphraseFd, _dryRun, _json, _plain, _quiet])
        {
            command.Add(option);
        }
    }

    /// <summary>What was given.</summary>
    public RunArguments Read(ParseResult parsed) => new()
    {
        Directory = parsed.GetValue(_project.Directory),
        File = parsed.GetValue(_project.File),
        Steps = parsed.GetValue(_steps) ?? [],
        Parameters = parsed.GetValue(_parameters) ?? [],
        Only = parsed.GetValue(_only) ?? [],
        From = parsed.GetValue(_from) ?? [],
        Until = parsed.GetValue(_until) ?? [],
        KeepGoing = parsed.GetValue(_keepGoing),
        Keep = parsed.GetValue(_keep),
        RetryFailed = parsed.GetValue(_retryFailed),
        NoCache = parsed.GetValue(_noCache),
        Deterministic = parsed.GetValue(_deterministic),
        Force = parsed.GetValue(_force) ?? [],
        MaxParallel = parsed.GetValue(_maxParallel),
        Key = parsed.GetValue(_key),
        PassphraseFd = parsed.GetValue(_passphraseFd),
        DryRun = parsed.GetValue(_dryRun),
        Json = parsed.GetValue(_json),
        Plain = parsed.GetValue(_plain),
        Quiet = parsed.GetValue(_quiet),
    };

    private static Option<string[]> Many(string name, string helpName, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = helpName, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
}
