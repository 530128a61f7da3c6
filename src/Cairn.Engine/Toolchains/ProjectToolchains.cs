using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Toolchains;
using Cairn.Engine.Isolation;
using Cairn.Execution.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Toolchains;

/// <summary>The toolchains of a project: what its pipeline asks for, and what its lock says that is.</summary>
public sealed class ProjectToolchains
{
    private readonly Dictionary<string, Toolchain> _declared = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ImmutableArray<ResolvedDependency>> _dependencies = new(StringComparer.Ordinal);
    private readonly HostFiles _host;

    private ProjectToolchains(ToolchainLock content, string? lockProblem, HostFiles host)
    {
        Lock = content;
        LockProblem = lockProblem;
        _host = host;
    }

    /// <summary>Those of a project without any.</summary>
    public static ProjectToolchains None { get; } = new(ToolchainLock.Empty, null, new HostFiles(""));

    /// <summary>The lock; empty where there is none or it cannot be read.</summary>
    public ToolchainLock Lock { get; }

    /// <summary>Why the lock cannot be read, or null.</summary>
    public string? LockProblem { get; }

    /// <summary>What actions depend on: two texts that are equal stand for the same toolchains.</summary>
    public string Key
    {
        get
        {
            var text = new StringBuilder();
            foreach (var toolchain in Lock.Toolchains)
            {
                text.Append(toolchain.Name).Append(' ').Append(toolchain.Tree.Hash).Append('\n');
                foreach (var path in toolchain is LockedHost host && _declared.ContainsKey(toolchain.Name) ? PathsOf(host) ?? [] : [])
                {
                    text.Append(path.Path).Append(' ').Append(path.Digest.Hash).Append('\n');
                }
            }

            return text.ToString();
        }
    }

    /// <summary>Reads the lock of a project whose pipeline declares toolchains.</summary>
    public static ProjectToolchains Load(ProjectLock file, string projectDirectory, Pipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(pipeline);
        if (pipeline.Toolchains.IsEmpty)
        {
            return None;
        }

        var toolchains = new ProjectToolchains(file.TryReadToolchains(out var problem) ?? ToolchainLock.Empty, problem, HostFiles.Of(projectDirectory));
        foreach (var toolchain in pipeline.Toolchains)
        {
            toolchains._declared[toolchain.Name] = toolchain;
        }

        return toolchains;
    }

    /// <summary>What a step has instead of the machine's programs; null for one that has these, or a toolchain that is not locked.</summary>
    /// <param name="step">The step.</param>
    /// <param name="madeBy">The tree of a toolchain that a step of the pipeline made, which ran before; null where it did not.</param>
    internal ToolchainSet? Of(Step step, Func<Toolchain, ToolchainSource.Step, Digest?> madeBy)
    {
        if (step.Toolchain is not { IsHost: false } use)
        {
            return null;
        }

        var trees = new List<Digest>();
        var paths = new List<LockedPath>();
        foreach (var reference in use.References)
        {
            if (_declared.TryGetValue(reference.Name, out var declared) && declared.Source is ToolchainSource.Step { Project: null } source)
            {
                if (madeBy(declared, source) is not { } made)
                {
                    return null;
                }

                trees.Add(made);
            }
            else if (Lock.Find(reference.Name) is { } locked)
            {
                trees.Add(locked.Tree);
                paths.AddRange(locked is LockedHost host ? PathsOf(host) ?? [] : []);
            }
            else
            {
                return null;
            }
        }

        return ToolchainSet.Of(trees, paths);
    }

    /// <summary>What of the machine a toolchain has, as it is now; null where some of it cannot be read.</summary>
    internal IReadOnlyList<LockedPath>? PathsOf(LockedHost host)
    {
        try
        {
            return [.. host.Paths.Select(path => path with { Digest = _host.DigestOf(path.Path) })];
        }
        catch (ToolchainException)
        {
            return null;
        }
    }

    /// <summary>What a toolchain is made from that a step of the same pipeline makes; null for all others.</summary>
    internal ToolchainSource.Step? MadeFrom(string name) => _declared.TryGetValue(name, out var declared) && declared.Source is ToolchainSource.Step { Project: null } source ? source : null;

    /// <summary>What a receipt says of a toolchain that is locked; null for one that is not.</summary>
    internal ReceiptToolchain? ForReceipt(string name)
    {
        if (Lock.Find(name) is not { } locked)
        {
            return null;
        }

        var (suites, signedBy, sources) = (new SortedSet<string>(StringComparer.Ordinal), new SortedSet<string>(StringComparer.Ordinal), new List<ReceiptFile>());
        switch (locked)
        {
            case LockedDebian debian:
                foreach (var release in debian.Releases)
                {
                    suites.Add(release.Suite);
                    signedBy.Add(release.SignedBy);
                    sources.Add(new ReceiptFile($"dists/{release.Suite}/InRelease", release.InRelease.Hash));
                }

                break;
            case LockedOci oci:
                sources.Add(new ReceiptFile(oci.Image, oci.Manifest.Hash));
                break;
            case LockedArchive archive:
                sources.Add(new ReceiptFile(archive.Places[0], archive.Archive.Hash));
                if (archive.Signature is { } signature)
                {
                    signedBy.Add(signature.SignedBy);
                }

                break;
            case LockedStep step:
                sources.Add(new ReceiptFile($"{step.Project}#{step.Step}", step.Action.Hash));
                break;
            case LockedHost host:
                sources.AddRange((PathsOf(host) ?? host.Paths).Select(static p => new ReceiptFile(p.Path, p.Digest.Hash)));
                break;
            default:
                break;
        }

        sources.Sort(static (left, right) => Utf8Order.Compare(left.Path, right.Path));
        return new ReceiptToolchain
        {
            Name = locked.Name,
            Kind = locked.Kind,
            Tree = locked.Tree.ToString(),
            IsHermetic = locked.IsHermetic,
            Origin = locked.Origin,
            Suites = [.. suites],
            SignedBy = [.. signedBy],
            Sources = [.. sources],
        };
    }

    /// <summary>What the toolchains of a step were made from, with the names that the world has for it.</summary>
    internal ImmutableArray<ResolvedDependency> DependenciesOf(Step step)
    {
        return step.Toolchain is not { IsHost: false } use ? [] : _dependencies.GetOrAdd(use.ToString(), _ =>
        {
            var dependencies = ImmutableArray.CreateBuilder<ResolvedDependency>();
            foreach (var reference in use.References)
            {
                AddPartsOf(Lock.Find(reference.Name), dependencies);
            }

            return dependencies.ToImmutable();
        });
    }

    /// <summary>What the toolchains of a lock were made from whose trees an action names.</summary>
    internal static ImmutableArray<ResolvedDependency> DependenciesOf(ToolchainLock content, ImmutableArray<KeyValuePair<string, string>> platform)
    {
        var dependencies = ImmutableArray.CreateBuilder<ResolvedDependency>();
        foreach (var (name, value) in platform)
        {
            foreach (var tree in name == ToolchainSet.TreesProperty ? value.Split(' ') : [])
            {
                AddPartsOf(content.Toolchains.FirstOrDefault(t => t.Tree.ToString() == tree), dependencies);
            }
        }

        return dependencies.ToImmutable();
    }

    private static void AddPartsOf(LockedToolchain? locked, ImmutableArray<ResolvedDependency>.Builder dependencies)
    {
        foreach (var part in locked?.Parts ?? [])
        {
            // What of the machine there is stands in the action as it is now, and not as it was when it was locked.
            if (!part.IsEvidence && locked is not LockedHost)
            {
                dependencies.Add(new ResolvedDependency(part.Source, part.PackageUrl, part.Digest.Hash));
            }
        }
    }

    /// <summary>What stands in the way of a step that has a toolchain, or null.</summary>
    internal Diagnostic? ProblemOf(RunRequest request, Step step)
    {
        if (step.Toolchain is not { IsHost: false } use)
        {
            return null;
        }

        if (request.IsolationOf(step) == IsolationLevel.Process)
        {
            return Error(
                DiagnosticCodes.ToolchainNeedsSandbox, use.Span, $"`{step.Name}` has `toolchain: {use}`, but isolation `process` gives it the programs of this machine",
                $"write `isolation: sandbox`, or `toolchain: {Toolchain.Host}`");
        }

        // The places of declared ones are where the name is explained.
        foreach (var reference in use.References)
        {
            if (!reference.IsHost && _declared.TryGetValue(reference.Name, out var declared) && ProblemOf(declared) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private Diagnostic? ProblemOf(Toolchain declared)
    {
        if (declared.Source is ToolchainSource.Step { Project: null })
        {
            // It is made by the run itself.
            return null;
        }


        if (LockProblem is not null)
        {
            return Error(DiagnosticCodes.ToolchainLockInvalid, declared.Span, $"`{ToolchainLock.FileName}` cannot be used: {LockProblem}", "take it from version control, or remove it and run `cairn toolchain lock`");
        }

        if (Lock.Find(declared.Name) is not { } locked)
        {
            return Error(DiagnosticCodes.ToolchainNotLocked, declared.Span, $"The toolchain `{declared.Name}` is not in `{ToolchainLock.FileName}`, which says what it consists of", "run `cairn toolchain lock`");
        }

        if (!locked.Matches(declared.Source))
        {
            return Error(DiagnosticCodes.ToolchainLockStale, declared.Span, $"The toolchain `{declared.Name}` has changed since it was locked", "run `cairn toolchain lock`");
        }

        if (locked.Architecture != DebianArchive.Architecture)
        {
            return Error(DiagnosticCodes.ToolchainForeign, declared.Span, $"The toolchain `{declared.Name}` is locked for {locked.Architecture}, and this machine is {DebianArchive.Architecture}", "lock it on such a machine for that machine");
        }

        try
        {
            foreach (var path in locked is LockedHost host ? host.Paths : [])
            {
                _ = _host.DigestOf(path.Path);
            }

            return null;
        }
        catch (ToolchainException exception)
        {
            return Error(DiagnosticCodes.ToolchainHostMissing, declared.Span, exception.Message, exception.Suggestion ?? "see that it is installed, or lock the toolchain anew with `cairn toolchain update`");
        }
    }

    /// <summary>Adds what is wrong with the toolchains of the steps that a run executes, each once.</summary>
    internal void Check(RunRequest request, Plan plan, IReadOnlyList<string?> leftOut, DiagnosticBag diagnostics)
    {
        if (_declared.Count == 0 || request.InspectOnly)
        {
            return;
        }

        var said = new HashSet<(string Code, SourceSpan Span)>();
        Step? last = null;
        foreach (var job in plan.Jobs)
        {
            if (leftOut[job.Index] is null && !ReferenceEquals(job.Step, last) && ProblemOf(request, job.Step) is { } problem && said.Add((problem.Code, problem.Span)))
            {
                diagnostics.Add(problem);
            }

            foreach (var reference in leftOut[job.Index] is null && !ReferenceEquals(job.Step, last) ? job.Step.Toolchain?.References ?? [] : [])
            {
                if (Changed(reference) is { } warning && said.Add((warning.Code, warning.Span)))
                {
                    diagnostics.Add(warning);
                }
            }

            last = job.Step;
        }
    }

    /// <summary>What is to be known of a toolchain of the machine that is another than the one that was locked.</summary>
    private Diagnostic? Changed(ToolchainReference reference) =>
        _declared.TryGetValue(reference.Name, out var declared) && Lock.Find(reference.Name) is LockedHost host && PathsOf(host) is { } paths && !paths.SequenceEqual(host.Paths)
            ? new Diagnostic(
                DiagnosticCodes.ToolchainHostChanged, DiagnosticSeverity.Warning, $"The toolchain `{declared.Name}` is not hermetic, and here it is another than the one in `{ToolchainLock.FileName}`", declared.Span,
                "`cairn toolchain update` notes the one of this machine")
            : null;

    private static Diagnostic Error(string code, SourceSpan span, string message, string suggestion) => new(code, DiagnosticSeverity.Error, message, span, suggestion);
}
