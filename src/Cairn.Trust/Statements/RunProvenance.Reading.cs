using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Trust.Json;

namespace Cairn.Trust.Statements;

/// <content>Reads receipts back.</content>
public static partial class RunProvenance
{
    /// <summary>Whether a statement says that it is a receipt; <see cref="TryRead"/> says whether it is one.</summary>
    public static bool IsReceipt(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        return statement.PredicateType == ActionProvenance.PredicateType && (statement.Predicate["buildDefinition"] as JsonValue.Object)?.TextOf("buildType") == BuildType;
    }

    /// <summary>
    /// Reads a receipt; null where it is refused, with the reason. Parameters that are not known are refused, since one could have changed what was built; other members that are not known are passed
    /// over. The subjects must be those that the steps give.
    /// </summary>
    public static RunReceipt? TryRead(Statement statement, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(statement);
        problem = null;
        if (statement.IsForeign || statement.PredicateType != ActionProvenance.PredicateType)
        {
            problem = $"it is no `{ActionProvenance.PredicateType}` in a statement of version 1";
        }
        else if (!IsReceipt(statement))
        {
            problem = $"its build type is not `{BuildType}`";
        }
        else
        {
            try
            {
                var receipt = Read(statement.Predicate);
                if (statement.Subjects.AsSpan().SequenceEqual(SubjectsOf(receipt).AsSpan()))
                {
                    return receipt;
                }

                problem = "its subjects are not the outputs of its steps";
            }
            catch (FormatException exception)
            {
                problem = exception.Message;
            }
        }

        return null;
    }

    private static RunReceipt Read(JsonValue.Object predicate)
    {
        var definition = ObjectOf(predicate, "buildDefinition");
        var external = ObjectOf(definition, "externalParameters");
        foreach (var member in external.Members)
        {
            if (member.Key is not ("parameters" or "pipeline" or "project" or "selection"))
            {
                throw new FormatException($"`externalParameters` has `{member.Key}`, which is not known");
            }
        }

        var details = ObjectOf(predicate, "runDetails");
        var builder = ObjectOf(details, "builder");
        var metadata = ObjectOf(details, "metadata");
        var (source, files, toolchains) = ReadDependencies(ListOf(definition, "resolvedDependencies"));
        var pipeline = ObjectOf(external, "pipeline");
        var receipt = new RunReceipt
        {
            RunId = TextOf(metadata, "invocationId"),
            Project = TextOf(external, "project"),
            Pipeline = new ReceiptPipeline(TextOf(pipeline, "name"), TextOf(pipeline, "file"), files),
            Source = source,
            Parameters = ReadParameters(ObjectOf(external, "parameters")),
            Selection = ReadTexts(external, "selection"),
            Toolchains = toolchains,
            Steps = ReadSteps(ListOf(metadata, "cairn_steps"), TextOf(builder, "id")),
            Status = TextOf(metadata, "cairn_status") switch
            {
                "succeeded" => RunStatus.Succeeded,
                "failed" => RunStatus.Failed,
                "cancelled" => RunStatus.Cancelled,
                var other => throw new FormatException($"`cairn_status` is `{other}`, which is not known"),
            },
            Tier = TextOf(metadata, ActionProvenance.TierMember),
            Builder = TextOf(builder, "id"),
            Version = TextOf(ObjectOf(builder, "version"), "cairn"),
            Started = ReadTime(metadata, "startedOn"),
            Finished = ReadTime(metadata, "finishedOn"),
        };
        return ObjectOf(pipeline, "digest").TextOf("sha256") == receipt.Pipeline.Digest ? receipt : throw new FormatException("the digest of its pipeline is not that of the pipeline's files");
    }

    private static ImmutableArray<KeyValuePair<string, string?>> ReadParameters(JsonValue.Object parameters)
    {
        var read = ImmutableArray.CreateBuilder<KeyValuePair<string, string?>>(parameters.Members.Length);
        foreach (var (name, value) in parameters.Members)
        {
            read.Add(new(name, value switch
            {
                JsonValue.Text text => text.Value,
                JsonValue.Null => null,
                _ => throw Missing("parameters"),
            }));
        }

        return read.DrainToImmutable();
    }

    private static (ReceiptSource Source, ImmutableArray<ReceiptFile> Files, ImmutableArray<ReceiptToolchain> Toolchains) ReadDependencies(JsonValue.List list)
    {
        var source = new ReceiptSource();
        var files = ImmutableArray.CreateBuilder<ReceiptFile>();
        var toolchains = ImmutableArray.CreateBuilder<ReceiptToolchain>();
        foreach (var item in list.Items)
        {
            var dependency = item as JsonValue.Object ?? throw Missing("resolvedDependencies");
            var name = TextOf(dependency, "name");
            var digest = ObjectOf(dependency, "digest");
            var annotations = dependency["annotations"] as JsonValue.Object;
            if (name == SourceName)
            {
                source = source with { Commit = TextOf(digest, "gitCommit"), GitTree = digest.TextOf("gitTree"), Branch = annotations?.TextOf("branch"), IsDirty = (annotations?["dirty"] as JsonValue.Flag)?.Value };
            }
            else if (name == SourcesName)
            {
                source = source with { Tree = ReadTree(annotations, digest) };
            }
            else if (name.StartsWith(PipelineFile, StringComparison.Ordinal))
            {
                files.Add(new ReceiptFile(name[PipelineFile.Length..], HashOf(digest, "sha256")));
            }
            else if (name.StartsWith(Toolchain, StringComparison.Ordinal))
            {
                toolchains.Add(ReadToolchain(name[Toolchain.Length..], annotations ?? throw Missing("annotations"), digest));
            }
        }

        return (source, files.ToImmutable(), toolchains.ToImmutable());
    }

    private static ReceiptToolchain ReadToolchain(string name, JsonValue.Object annotations, JsonValue.Object digest) => new()
    {
        Name = name,
        Kind = TextOf(annotations, "kind"),
        Tree = ReadTree(annotations, digest),
        IsHermetic = (annotations["hermetic"] as JsonValue.Flag ?? throw Missing("hermetic")).Value,
        Origin = TextOf(annotations, "origin"),
        Suites = ReadTexts(annotations, "suites"),
        SignedBy = ReadTexts(annotations, "signedBy"),
        Sources = ReadFiles(annotations, "sources"),
    };

    private static string ReadTree(JsonValue.Object? annotations, JsonValue.Object digest) =>
        Digest.TryParse(annotations?.TextOf("tree"), null, out var tree) && tree.Hash == digest.TextOf("sha256") ? tree.ToString() : throw Missing("tree");

    private static ImmutableArray<ReceiptStep> ReadSteps(JsonValue.List list, string builder)
    {
        var steps = ImmutableArray.CreateBuilder<ReceiptStep>(list.Items.Length);
        var jobs = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.Items)
        {
            var step = ReadStep(item as JsonValue.Object ?? throw Missing("cairn_steps"), builder);
            steps.Add(jobs.Add(step.Job) ? step : throw new FormatException($"the job `{step.Job}` stands twice"));
        }

        return steps.DrainToImmutable();
    }

    private static ReceiptStep ReadStep(JsonValue.Object step, string builder) => new()
    {
        Job = TextOf(step, "job"),
        Step = step["step"] is null ? TextOf(step, "job") : TextOf(step, "step"),
        Status = TextOf(step, "status") switch
        {
            "succeeded" => JobStatus.Succeeded,
            "failed" => JobStatus.Failed,
            "timed_out" => JobStatus.TimedOut,
            "skipped" => JobStatus.Skipped,
            "not_run" => JobStatus.NotRun,
            "cancelled" => JobStatus.Cancelled,
            var other => throw new FormatException($"`status` is `{other}`, which is not known"),
        },
        IsAllowed = step["allowed"] is JsonValue.Flag { Value: true },
        Cache = step["cache"] is null ? null : TextOf(step, "cache") switch
        {
            "hit" => CacheState.Hit,
            "miss" => CacheState.Miss,
            "off" => CacheState.Off,
            var other => throw new FormatException($"`cache` is `{other}`, which is not known"),
        },
        Action = step["action"] is null ? null : HashOf(step, "action"),
        Attestation = step["attestation"] is null ? null : HashOf(step, "attestation"),
        Attempts = step["attempts"] is null ? 0 : (int)NumberOf(step, "attempts", int.MaxValue),
        Duration = step["durationMs"] is null ? TimeSpan.Zero : TimeSpan.FromMilliseconds(NumberOf(step, "durationMs", (long)TimeSpan.MaxValue.TotalMilliseconds - 1)),
        ExitCode = step["exitCode"] is null ? null : (int)NumberOf(step, "exitCode", int.MaxValue),
        Isolation = TextOf(step, "isolation"),
        Network = TextOf(step, "network"),
        Builder = step["builder"] is null ? builder : TextOf(step, "builder"),
        Toolchains = ReadTexts(step, "toolchains"),
        ToolCaches = ReadTexts(step, "toolCaches"),
        Outputs = ReadFiles(step, "outputs"),
        Links = ReadLinks(step),
    };

    private static ImmutableArray<ReceiptFile> ReadFiles(JsonValue.Object value, string name)
    {
        if (value[name] is null)
        {
            return [];
        }

        var outputs = ObjectOf(value, name);
        var files = new ReceiptFile[outputs.Members.Length];
        for (var i = 0; i < files.Length; i++)
        {
            files[i] = new ReceiptFile(outputs.Members[i].Key, HashOf(outputs, outputs.Members[i].Key));
        }

        Array.Sort(files, static (left, right) => Utf8Order.Compare(left.Path, right.Path));
        return [.. files];
    }

    private static ImmutableArray<KeyValuePair<string, string>> ReadLinks(JsonValue.Object step)
    {
        if (step["links"] is null)
        {
            return [];
        }

        var links = ObjectOf(step, "links");
        var pairs = new KeyValuePair<string, string>[links.Members.Length];
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new(links.Members[i].Key, TextOf(links, links.Members[i].Key));
        }

        Array.Sort(pairs, static (left, right) => Utf8Order.Compare(left.Key, right.Key));
        return [.. pairs];
    }

    private static ImmutableArray<string> ReadTexts(JsonValue.Object value, string name)
    {
        if (value[name] is null)
        {
            return [];
        }

        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var item in ListOf(value, name).Items)
        {
            texts.Add((item as JsonValue.Text ?? throw Missing(name)).Value);
        }

        return texts.ToImmutable();
    }

    private static JsonValue.Object ObjectOf(JsonValue.Object value, string name) => value[name] as JsonValue.Object ?? throw Missing(name);

    private static JsonValue.List ListOf(JsonValue.Object value, string name) => value[name] as JsonValue.List ?? throw Missing(name);

    private static string TextOf(JsonValue.Object value, string name) => value.TextOf(name) ?? throw Missing(name);

    private static string HashOf(JsonValue.Object value, string name) => value.TextOf(name) is { } hash && Statement.IsHash(hash) ? hash : throw new FormatException($"`{name}` is no SHA-256 of 64 lower-case hex digits");

    private static long NumberOf(JsonValue.Object value, string name, long max) => value[name] is JsonValue.Number { Value: >= 0 } number && number.Value <= max ? number.Value : throw Missing(name);

    private static DateTimeOffset ReadTime(JsonValue.Object value, string name) =>
        StatementTime.TryReadMilliseconds(TextOf(value, name)) ?? throw new FormatException($"`{name}` is no time in UTC to the millisecond");

    private static FormatException Missing(string name) => new($"`{name}` is missing or of another type");
}
