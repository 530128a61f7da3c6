using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Engine.Fetching;
using Cairn.Engine.Isolation;

namespace Cairn.Engine.Running;

/// <summary>
/// Builds the environment of a step: a fixed minimal set, then the pipeline's variables, then the step's, then Cairn's own. Nothing of
/// the caller's environment leaks in.
/// </summary>
public static class StepEnvironment
{
    /// <summary>Where programs are looked for, unless the pipeline sets <c>PATH</c> or the user's configuration <c>process.path</c>.</summary>
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    // The runtime reads /etc/passwd each time it is asked.
    private static readonly string UserName = Environment.UserName;

    // These, Cairn's own, and some of the step's: what it grows to is not made on the way.
    private const int VariablesMost = 24;

    /// <summary>The user that a sandboxed step is.</summary>
    internal const string SandboxUser = "cairn";

    /// <summary>The variables that a step gets in its isolation: in a sandbox nothing of the machine or of who started the run.</summary>
    internal static Dictionary<string, string> Base(RunRequest request, Step step, string home)
    {
        var variables = request.IsolationOf(step) == IsolationLevel.Process ? Base(request.StepPath, home) : SandboxBase(home);
        if (step.Fetch is { } fetch)
        {
            FetchEnvironment.Add(variables, fetch.Hosts);
        }

        return variables;
    }

    /// <summary>The variables that everything in a sandbox gets.</summary>
    internal static Dictionary<string, string> SandboxBase(string home)
    {
        var variables = Base(DefaultPath, home);
        variables["USER"] = variables["LOGNAME"] = SandboxUser;
        return variables;
    }

    /// <summary>All variables of an attempt but those that name its files; <paramref name="sourceDate"/> is there for a deterministic step. Throws <see cref="IOException"/> where the machine cannot give what that asks for.</summary>
    internal static async Task<Dictionary<string, string>> OfAttemptAsync(
        RunRequest request, JobScope scope, Pipeline pipeline, Job job, int attempt, RunId run, string home, string projectDirectory, string? sourceDate, Func<string, Task<string>> resolveSecret)
    {
        var environment = Base(request, job.Step, home);
        var determinism = request.DeterminismOf(job.Step);
        if (determinism is not null)
        {
            Determine(environment, determinism, sourceDate ?? throw new ArgumentNullException(nameof(sourceDate)));
        }

        await AddAsync(environment, pipeline.Environment, scope, resolveSecret);
        await AddAsync(environment, job.Step.Environment, scope, resolveSecret);
        KeepDetermined(environment, determinism);
        environment["CAIRN_RUN"] = run.Value;
        environment["CAIRN_PROJECT"] = projectDirectory;
        environment["CAIRN_JOB"] = job.Id.Value;
        environment["CAIRN_STEP"] = job.Step.Name.Value;
        environment["CAIRN_ATTEMPT"] = attempt.ToString(CultureInfo.InvariantCulture);
        environment["CAIRN_CPUS"] = (determinism?.Cpus ?? Environment.ProcessorCount).ToString(CultureInfo.InvariantCulture);
        return environment;
    }

    /// <summary>The variables that every step gets.</summary>
    internal static Dictionary<string, string> Base(string path, string home) => new(VariablesMost, StringComparer.Ordinal)
    {
        ["PATH"] = path,
        ["HOME"] = home,
        ["USER"] = UserName,
        ["LOGNAME"] = UserName,
        ["SHELL"] = "/bin/sh",
        ["LANG"] = "C.UTF-8",
        ["CI"] = "true",
        ["CAIRN"] = "true",
        ["TERM"] = "xterm-256color",
        ["FORCE_COLOR"] = "1",
        ["CLICOLOR_FORCE"] = "1",
    };

    /// <summary>Adds what a deterministic step sees of the time and the machine. Throws <see cref="IOException"/> where the machine cannot give it.</summary>
    internal static void Determine(Dictionary<string, string> variables, Determinism determinism, string sourceDate)
    {
        variables["LC_ALL"] = variables["LANG"];
        variables["TZ"] = "UTC";
        variables["SOURCE_DATE_EPOCH"] = sourceDate;
        if (determinism.FakeTime)
        {
            FakeTime.Freeze(variables, FakeTime.Find() ?? throw new IOException(DeterminismRules.NoFakeTime), sourceDate);
        }
    }

    /// <summary>Brings back what a step's own variables took from <see cref="Determine"/> without meaning to: what it loads itself is loaded beside the library that fakes the time.</summary>
    internal static void KeepDetermined(Dictionary<string, string> variables, Determinism? determinism)
    {
        if (determinism is { FakeTime: true } && FakeTime.Find() is { } library)
        {
            FakeTime.Preload(variables, library);
        }
    }

    /// <summary>Evaluates the variables of one mapping. They see as <c>env</c> what earlier mappings gave, not each other.</summary>
    internal static async Task AddAsync(
        Dictionary<string, string> target, ImmutableArray<EnvironmentEntry> entries, JobScope scope, Func<string, Task<string>> resolveSecret)
    {
        foreach (var entry in entries)
        {
            target[entry.Name] = SecretOf(entry.Value) is { } secret ? await resolveSecret(secret) : scope.Text(entry.Value);
        }

        if (entries.Length > 0)
        {
            scope.SetEnvironment(target);
        }
    }

    /// <summary>Gives an expression outside the step's own command (a condition, a report's glob) the variables as <c>env</c>, where it reads them. Secrets are left out.</summary>
    internal static void Show(JobScope scope, IEnumerable<Expression> readers, params ReadOnlySpan<ImmutableArray<EnvironmentEntry>> mappings)
    {
        if (!readers.Any(static e => e.References.Any(static r => string.Equals(r.Root, "env", StringComparison.Ordinal))))
        {
            return;
        }

        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entries in mappings)
        {
            foreach (var entry in entries)
            {
                if (SecretOf(entry.Value) is null)
                {
                    variables[entry.Name] = scope.Text(entry.Value);
                }
            }

            scope.SetEnvironment(variables);
        }
    }

    // The reader allows `${{ secrets.x }}` as a whole value only.
    internal static string? SecretOf(Template template) =>
        template is { IsSingleExpression: true } && template.Expressions is [{ References: [{ Root: "secrets", Path: [var name] }] }] ? name : null;
}
