using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core;
using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Engine.Bundles;
using Cairn.Engine.Isolation;
using Cairn.Engine.Running;
using Cairn.Engine.Toolchains;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Caching;

/// <summary>Describes what a job would execute, before anything is executed: without secrets, locks or services.</summary>
internal sealed class ActionBuilder(RunScope run, RunRequest request, RunInputs inputs, SourceDates dates)
{
    /// <summary>The platform property that says how many processors a deterministic step sees.</summary>
    public const string CpusProperty = "cpus";

    // The step's HOME is another folder in each attempt.
    private const string HomePlaceholder = "(home)";

    /// <summary>The platform property that names the hosts which a fetch step reaches.</summary>
    public const string HostsProperty = "hosts";

    /// <summary>Describes one attempt of a job over its inputs. Throws <see cref="EvaluationException"/>.</summary>
    /// <param name="job">The job.</param>
    /// <param name="attempt">The attempt's number.</param>
    /// <param name="inputRoot">The tree of its inputs.</param>
    /// <param name="toolchains">What it has instead of the machine's programs; null for these.</param>
    public ActionDescription Describe(Job job, int attempt, Digest inputRoot, ToolchainSet? toolchains)
    {
        var scope = new JobScope(run, job, attempt, needs: null);
        if (job.Step.Action is StepAction.Bundle bundle)
        {
            return Describe(job, bundle, scope, inputRoot);
        }

        var platform = new List<KeyValuePair<string, string>>
        {
            new("arch", HostFingerprint.Architecture),
            new("isolation", IsolationWords.Of(request.IsolationOf(job.Step))),
            new("network", IsolationWords.Of(request.NetworkOf(job.Step))),
            new("os", "linux"),
        };

        // With a toolchain nothing of the machine is left that an action could depend on but its kernel: so it is the same action everywhere.
        if (toolchains is not null)
        {
            toolchains.AddTo(platform);
        }
        else
        {
            platform.Add(new("host", request.IsolationOf(job.Step) == IsolationLevel.Process ? inputs.Host : inputs.HostWithPackages));
        }

        if (request.DeterminismOf(job.Step) is { Cpus: { } cpus })
        {
            platform.Add(new(CpusProperty, cpus.ToString(CultureInfo.InvariantCulture)));
        }

        if (job.Step.Fetch is { } fetch)
        {
            platform.Add(new(HostsProperty, string.Join(' ', fetch.Hosts.Patterns)));
        }

        if (job.Step.Strict)
        {
            // A result that nobody looked at is none of a strict step's.
            platform.Add(new("strict", "true"));
        }

        var environment = Environment(scope, job, platform, run.Plan.Pipeline.Environment, job.Step.Environment);
        if (job.Step.Cache.KeyExtra is { } extra)
        {
            platform.Add(new("key-extra", scope.Text(extra)));
        }

        foreach (var cache in job.Step.Cache.Paths)
        {
            platform.Add(new($"tool-cache:{cache.Path}", cache.Name));
        }

        foreach (var service in job.Step.Services)
        {
            platform.Add(new($"service:{service.Name}", ServiceDigest(service.Name)));
        }

        return new ActionDescription
        {
            Arguments = Arguments(job.Step.Action, scope),
            Environment = Sorted(environment),
            WorkingDirectory = job.Step.WorkingDirectory is { } folder ? Normalize(scope.Text(folder)) : "",
            Outputs = [.. job.Outputs.Patterns.Select(static p => p.ToString())],
            Platform = Sorted(platform),
            InputRoot = inputRoot,
        };
    }

    // Cairn makes it by itself, of its inputs alone: nothing of the machine, no program and no variable has a part in it.
    private static ActionDescription Describe(Job job, StepAction.Bundle bundle, JobScope scope, Digest inputRoot) => new()
    {
        Arguments = ["cairn", "bundle", scope.Text(bundle.Name), .. bundle.Files.Select(scope.Text)],
        Environment = [],
        WorkingDirectory = "",
        Outputs = [.. job.Outputs.Patterns.Select(static p => p.ToString())],
        Platform = [new(BuilderIds.BuiltInProperty, BundleStep.Kind), new("isolation", IsolationWords.Of(IsolationLevel.Sandbox)), new("network", IsolationWords.Of(NetworkAccess.None))],
        InputRoot = inputRoot,
    };

    /// <summary>
    /// The digest of what a fetch step asks for: its command, the variables that the pipeline gives it, its inputs, and which files are its outputs. The machine, the programs and the
    /// hosts are means to it: with others the same must come.
    /// </summary>
    public Digest Asked(Job job, ActionDescription action)
    {
        var declared = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entries in (ReadOnlySpan<ImmutableArray<EnvironmentEntry>>)[run.Plan.Pipeline.Environment, job.Step.Environment])
        {
            foreach (var entry in entries)
            {
                declared.Add(entry.Name);
            }
        }

        var properties = action.Platform.RemoveAll(static p => p.Key != "key-extra").Insert(0, new("asked", "fetch/1"));
        return ActionEncoder.Encode(action with { Environment = action.Environment.RemoveAll(e => !declared.Contains(e.Key)), Platform = properties }).Digest;
    }

    private Dictionary<string, string> Environment(JobScope scope, Job? job, List<KeyValuePair<string, string>>? secrets, params ReadOnlySpan<ImmutableArray<EnvironmentEntry>> mappings)
    {
        var variables = job is null ? StepEnvironment.Base(request.StepPath, HomePlaceholder) : StepEnvironment.Base(request, job.Step, HomePlaceholder);
        if (job is not null && request.DeterminismOf(job.Step) is { } determinism)
        {
            StepEnvironment.Determine(variables, determinism, dates.Of(job));
        }

        foreach (var entries in mappings)
        {
            foreach (var entry in entries)
            {
                if (StepEnvironment.SecretOf(entry.Value) is { } secret)
                {
                    // Expressions that read the variable see the name: the value must not become part of a digest or of a file.
                    variables[entry.Name] = $"(secret {secret})";
                    secrets?.Add(new($"secret:{entry.Name}", secret));
                }
                else
                {
                    variables[entry.Name] = scope.Text(entry.Value);
                }
            }

            if (entries.Length > 0)
            {
                scope.SetEnvironment(variables);
            }
        }

        if (string.Equals(variables["HOME"], HomePlaceholder, StringComparison.Ordinal))
        {
            variables.Remove("HOME");
        }

        if (secrets is not null)
        {
            foreach (var secret in secrets)
            {
                if (secret.Key.StartsWith("secret:", StringComparison.Ordinal))
                {
                    variables.Remove(secret.Key["secret:".Length..]);
                }
            }
        }

        if (job is not null)
        {
            StepEnvironment.KeepDetermined(variables, request.DeterminismOf(job.Step));
        }

        return variables;
    }

    private static ImmutableArray<string> Arguments(StepAction action, JobScope scope) => action switch
    {
        StepAction.Command command => [.. command.Arguments.Select(scope.Text)],
        StepAction.Script script => [.. script.Shell, scope.Text(script.Text)],
        _ => throw new InvalidOperationException($"An action of type {action.GetType().Name} has no executor"),
    };

    /// <summary>A step sees what its services do, so how they are started is part of what it is.</summary>
    private string ServiceDigest(StepName name)
    {
        var service = run.Plan.Pipeline.Services.First(s => s.Name == name);
        var scope = JobScope.ForService(run);
        var text = new StringBuilder();
        foreach (var variable in Sorted(Environment(scope, job: null, secrets: null, run.Plan.Pipeline.Environment, service.Environment)))
        {
            Append(text, variable.Key);
            Append(text, variable.Value);
        }

        foreach (var argument in Arguments(service.Action, scope))
        {
            Append(text, argument);
        }

        Append(text, service.WorkingDirectory is { } folder ? Normalize(scope.Text(folder)) : "");
        return Digest.Of(Encoding.UTF8.GetBytes(text.ToString())).Hash;
    }

    // With its length before it, so that no two lists of texts read the same.
    private static void Append(StringBuilder text, string part) => text.Append(part.Length).Append(':').Append(part);

    private static string Normalize(string folder)
    {
        var parts = folder.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return string.Join('/', parts.Where(static p => p != "."));
    }

    // Ordinal order of UTF-16 and of bytes differ beyond U+FFFF: names of variables and properties may hold anything.
    private static ImmutableArray<KeyValuePair<string, string>> Sorted(IEnumerable<KeyValuePair<string, string>> entries)
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, static (a, b) => CompareUtf8(a.Key, b.Key));
        return ImmutableArray.Create(sorted);
    }

    private static int CompareUtf8(string a, string b)
    {
        foreach (var c in a)
        {
            if (char.IsSurrogate(c))
            {
                return Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
            }
        }

        foreach (var c in b)
        {
            if (char.IsSurrogate(c))
            {
                return Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
            }
        }

        return string.CompareOrdinal(a, b);
    }
}
