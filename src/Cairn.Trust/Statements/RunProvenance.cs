using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Scheduling;
using Cairn.Trust.Json;

namespace Cairn.Trust.Statements;

/// <summary>The receipt of a run: an in-toto statement with SLSA Provenance v1 over everything that the run did. <c>docs/formats/receipt.md</c> describes it.</summary>
public static partial class RunProvenance
{
    /// <summary>The build type of a run.</summary>
    public const string BuildType = "https://cairn.build/run/v1";

    /// <summary>With what the name of the subject begins that stands for a run which made no files.</summary>
    public const string RunSubject = "run:";

    private const string SourceName = "source";
    private const string SourcesName = "sources";
    private const string PipelineFile = "pipeline:";
    private const string Toolchain = "toolchain:";

    // What a statement takes, roughly: for the first guess.
    private const int HeadBytes = 2048;
    private const int StepBytes = 280;
    private const int ExecutionBytes = 64;
    private const int OutputBytes = 180;

    /// <summary>Makes the statement. Throws <see cref="FormatException"/> where <see cref="TryWriteJson"/> refuses.</summary>
    public static Statement Write(RunReceipt receipt) =>
        TryWriteJson(receipt, out var problem) is { } json ? Statement.TryRead(json, out problem) ?? throw new FormatException(problem) : throw new FormatException(problem);

    /// <summary>The canonical JSON of the statement, at once; null, with the reason, where nobody would accept it: names of outputs that a person could take for each other.</summary>
    public static byte[]? TryWriteJson(RunReceipt receipt, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        var subjects = SubjectsOf(receipt);
        var names = new SubjectNames(subjects.Length);
        foreach (var subject in subjects)
        {
            if (names.ProblemOf(subject.Name) is { } wrong)
            {
                problem = $"the output `{subject.Name}` {wrong}";
                return null;
            }
        }

        // Members in the order of RFC 8785 throughout.
        var json = new CanonicalWriter(LengthOf(receipt)).Begin().Member("_type"u8, Statement.TypeV1).Begin("predicate"u8);
        WriteDefinition(json, receipt);
        WriteDetails(json, receipt);
        json.End().Member("predicateType"u8, ActionProvenance.PredicateType).BeginList("subject"u8);
        foreach (var subject in subjects)
        {
            json.Begin().Begin("digest"u8).Member("sha256"u8, subject.Sha256).End().Member("name"u8, subject.Name).End();
        }

        problem = null;
        return json.EndList().End().ToArray();
    }

    /// <summary>About how long a receipt is, rather too long: growing on the way copies all of it.</summary>
    private static int LengthOf(RunReceipt receipt)
    {
        var length = HeadBytes;
        foreach (var step in receipt.Steps)
        {
            length += StepBytes + step.Job.Length + (step.Attempts > 0 ? ExecutionBytes : 0);
            foreach (var output in step.Outputs)
            {
                length += OutputBytes + (2 * output.Path.Length);
            }
        }

        return length;
    }

    /// <summary>What a receipt is about: each file that the run made, as the last step left it that made it, or the run itself where it made none.</summary>
    public static ImmutableArray<Subject> SubjectsOf(RunReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        var subjects = ImmutableArray.CreateBuilder<Subject>(receipt.Steps.Length);
        var places = new Dictionary<string, int>(receipt.Steps.Length, StringComparer.Ordinal);
        foreach (var step in receipt.Steps)
        {
            foreach (var output in step.Outputs)
            {
                if (SubjectNames.HasControls(output.Path))
                {
                    continue;
                }

                var subject = new Subject(output.Path, output.Sha256);
                if (places.TryAdd(output.Path, subjects.Count))
                {
                    subjects.Add(subject);
                }
                else
                {
                    subjects[places[output.Path]] = subject;
                }
            }
        }

        if (subjects.Count == 0)
        {
            subjects.Add(new Subject(RunSubject + receipt.RunId, HashOf($"{RunSubject}{receipt.RunId}\n")));
        }

        return subjects.ToImmutable();
    }

    /// <summary>One SHA-256 for some files: that of the lines which <c>sha256sum</c> writes for them.</summary>
    internal static string DigestOf(ImmutableArray<ReceiptFile> files)
    {
        var lines = new StringBuilder();
        foreach (var file in files)
        {
            lines.Append(file.Sha256).Append("  ").Append(file.Path).Append('\n');
        }

        return HashOf(lines.ToString());
    }

    private static string HashOf(string text) => Hex.Lower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static void WriteDefinition(CanonicalWriter json, RunReceipt receipt)
    {
        json.Begin("buildDefinition"u8).Member("buildType"u8, BuildType).Begin("externalParameters"u8);
        json.Pairs("parameters"u8, receipt.Parameters)
            .Begin("pipeline"u8).Begin("digest"u8).Member("sha256"u8, receipt.Pipeline.Digest).End().Member("file"u8, receipt.Pipeline.File).Member("name"u8, receipt.Pipeline.Name).End()
            .Member("project"u8, receipt.Project)
            .Texts("selection"u8, receipt.Selection)
            .End().Begin("internalParameters"u8).End().BeginList("resolvedDependencies"u8);
        WriteSource(json, receipt.Source);
        foreach (var file in receipt.Pipeline.Files)
        {
            json.Begin().Begin("digest"u8).Member("sha256"u8, file.Sha256).End().Member("name"u8, PipelineFile + file.Path).End();
        }

        foreach (var toolchain in receipt.Toolchains)
        {
            WriteToolchain(json, toolchain);
        }

        json.EndList().End();
    }

    private static void WriteToolchain(CanonicalWriter json, ReceiptToolchain toolchain)
    {
        json.Begin().Begin("annotations"u8).Member("hermetic"u8, toolchain.IsHermetic).Member("kind"u8, toolchain.Kind).Member("origin"u8, toolchain.Origin);
        WriteTexts(json, "signedBy"u8, toolchain.SignedBy);
        if (!toolchain.Sources.IsEmpty)
        {
            json.Begin("sources"u8);
            foreach (var source in SortedUtf16(toolchain.Sources))
            {
                json.Entry(source.Path, source.Sha256);
            }

            json.End();
        }

        WriteTexts(json, "suites"u8, toolchain.Suites);
        json.Member("tree"u8, toolchain.Tree).End().Begin("digest"u8).Member("sha256"u8, HashOfTree(toolchain.Tree)).End().Member("name"u8, Toolchain + toolchain.Name).End();
    }

    private static void WriteTexts(CanonicalWriter json, ReadOnlySpan<byte> name, ImmutableArray<string> texts)
    {
        if (!texts.IsEmpty)
        {
            json.Texts(name, texts);
        }
    }

    private static string HashOfTree(string tree) => tree[..tree.IndexOf('/', StringComparison.Ordinal)];

    private static void WriteSource(CanonicalWriter json, ReceiptSource source)
    {
        if (source.Commit is { } commit)
        {
            json.Begin().Begin("annotations"u8).Member("branch"u8, source.Branch);
            if (source.IsDirty is { } dirty)
            {
                json.Member("dirty"u8, dirty);
            }

            json.End().Begin("digest"u8).Member("gitCommit"u8, commit).Member("gitTree"u8, source.GitTree).End().Member("name"u8, SourceName).End();
        }

        if (source.Tree is { } tree)
        {
            json.Begin().Begin("annotations"u8).Member("tree"u8, tree).End()
                .Begin("digest"u8).Member("sha256"u8, HashOfTree(tree)).End().Member("name"u8, SourcesName).End();
        }
    }

    private static void WriteDetails(CanonicalWriter json, RunReceipt receipt)
    {
        json.Begin("runDetails"u8)
            .Begin("builder"u8).Member("id"u8, receipt.Builder).Begin("version"u8).Member("cairn"u8, receipt.Version).End().End()
            .Begin("metadata"u8).Member("cairn_status"u8, RunEventWriter.NameOf(receipt.Status)).BeginList("cairn_steps"u8);
        foreach (var step in receipt.Steps)
        {
            WriteStep(json, step, receipt.Builder);
        }

        json.EndList()
            .Member(ActionProvenance.TierMemberUtf8, receipt.Tier)
            .Member("finishedOn"u8, StatementTime.Milliseconds(receipt.Finished))
            .Member("invocationId"u8, receipt.RunId)
            .Member("startedOn"u8, StatementTime.Milliseconds(receipt.Started))
            .End().End();
    }

    /// <summary>A step; what follows from the rest is left out, since each run hashes and signs all of it.</summary>
    private static void WriteStep(CanonicalWriter json, ReceiptStep step, string builder)
    {
        json.Begin().Member("action"u8, step.Action);
        if (step.IsAllowed)
        {
            json.Member("allowed"u8, true);
        }

        if (step.Attempts > 0)
        {
            json.Member("attempts"u8, step.Attempts);
        }

        json.Member("attestation"u8, step.Attestation).Member("builder"u8, string.Equals(step.Builder, builder, StringComparison.Ordinal) ? null : step.Builder).Member("cache"u8, step.Cache is { } cache ? WordOf(cache) : null);
        if (step.Attempts > 0)
        {
            json.Member("durationMs"u8, (long)step.Duration.TotalMilliseconds);
        }

        if (step.ExitCode is { } code)
        {
            json.Member("exitCode"u8, code);
        }

        json.Member("isolation"u8, step.Isolation).Member("job"u8, step.Job);
        if (!step.Links.IsEmpty)
        {
            json.Pairs("links"u8, step.Links!);
        }

        json.Member("network"u8, step.Network);
        if (!step.Outputs.IsEmpty)
        {
            json.Begin("outputs"u8);
            foreach (var output in SortedUtf16(step.Outputs))
            {
                json.Entry(output.Path, output.Sha256);
            }

            json.End();
        }

        json.Member("status"u8, WordOf(step.Status)).Member("step"u8, string.Equals(step.Step, step.Job, StringComparison.Ordinal) ? null : step.Step);
        WriteTexts(json, "toolCaches"u8, step.ToolCaches);
        WriteTexts(json, "toolchains"u8, step.Toolchains);
        json.End();
    }

    /// <summary>Objects are sorted by UTF-16, as <see cref="CanonicalWriter.Pairs"/> does.</summary>
    private static ImmutableArray<ReceiptFile> SortedUtf16(ImmutableArray<ReceiptFile> files)
    {
        for (var i = 1; i < files.Length; i++)
        {
            if (string.CompareOrdinal(files[i - 1].Path, files[i].Path) >= 0)
            {
                return files.Sort(static (left, right) => string.CompareOrdinal(left.Path, right.Path));
            }
        }

        return files;
    }

    internal static string WordOf(JobStatus status) => status switch
    {
        JobStatus.Succeeded => "succeeded",
        JobStatus.Failed => "failed",
        JobStatus.TimedOut => "timed_out",
        JobStatus.Skipped => "skipped",
        JobStatus.NotRun => "not_run",
        JobStatus.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    private static string WordOf(CacheState state) => state switch
    {
        CacheState.Hit => "hit",
        CacheState.Miss => "miss",
        CacheState.Off => "off",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };
}
