using System.Collections.Immutable;

using Cairn.Core;
using Cairn.Core.Language;
using Cairn.Core.Language.Model;
using Cairn.Engine.History;
using Cairn.Engine.Preparation;
using Cairn.Engine.Receipts;
using Cairn.Store.Bundles;
using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Verification;

/// <summary>Verifies artifacts, receipts, runs and folders: finds what there is to know of them, and has it judged. Fetches nothing.</summary>
public sealed partial class Verifier
{
    private const int MessageBytesMax = 64 << 20;

    private readonly VerifyRequest _request;
    private readonly AttestationFinder _finder = new();
    private readonly AttestationJudge _judge;
    private readonly CancellationToken _cancellationToken;

    private Verifier(VerifyRequest request, CancellationToken cancellationToken)
    {
        _request = request;
        _judge = new AttestationJudge(request.Believed, request.Now);
        _cancellationToken = cancellationToken;
    }

    /// <summary>Verifies. Throws <see cref="VerifyTargetException"/> where there is nothing of that name, or it cannot be looked at.</summary>
    public static VerifyOutcome Verify(VerifyRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var verifier = new Verifier(request, cancellationToken);
        try
        {
            foreach (var file in request.Attestations)
            {
                verifier._finder.Add(verifier.Full(file), file);
            }

            return verifier.Verify();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new VerifyTargetException($"`{request.Target}` cannot be looked at: {(exception is UnauthorizedAccessException ? "permission denied" : exception.Message)}");
        }
    }

    private VerifyOutcome Verify()
    {
        var path = Full(_request.Target);
        if (Directory.Exists(path))
        {
            return IsRunFolder(path) ? OfReceipt(RunDirectory.ReceiptFile(path), VerifyTargetKind.Run) : OfFolder(path);
        }

        if (File.Exists(path))
        {
            if (_request.IsAlone || BundleReader.Begins(path) || path.EndsWith(BundleEnding, StringComparison.Ordinal))
            {
                return OfBundle(path);
            }

            // Something signed may be an artifact too, of which somebody else signed something.
            var isAttestation = AttestationFinder.IsNamed(path) || (_request.Attestations.IsEmpty && !AttestationFinder.IsBeside(path) && AttestationFinder.Begins(path));
            return isAttestation ? OfReceipt(path, VerifyTargetKind.Attestation) : OfArtifact(path);
        }

        // What is no path may be a run.
        var run = _request.Target.Contains('/', StringComparison.Ordinal) ? null : new RunHistory(_request.ProjectDirectory).Resolve(_request.Target, out _);
        if (run is { } id)
        {
            var receipt = new RunReceipts(_request.ProjectDirectory).PathOf(id);
            return File.Exists(receipt) ? OfReceipt(receipt, VerifyTargetKind.Run)
                : Finish(VerifyTargetKind.Run, null, new VerificationTask { Judge = _judge, Policy = _request.Policy, NothingFound = $"The run `{id}` has no receipt" });
        }

        throw new VerifyTargetException($"There is no file, folder or run `{_request.Target}`", "name an artifact, a receipt, a folder, or a run as `cairn runs` lists them");
    }

    private VerifyOutcome OfArtifact(string path)
    {
        var file = ArtifactFiles.Hash(path, _request.Target, subject: null, _cancellationToken);
        var given = _request.Attestations.Length > 0;
        if (!given)
        {
            _finder.AddBeside(path, Shown);
        }

        if (!given && file.Sha256 is { } hash)
        {
            foreach (var project in Projects(path))
            {
                if (_finder.AddReceiptOf(project, [hash], Shown) is not null)
                {
                    break;
                }
            }
        }

        byte[]? ContentOf(string sha256) => sha256 == file.Sha256 && new FileInfo(path).Length <= MessageBytesMax ? File.ReadAllBytes(path) : null;
        var judged = Judge(ContentOf);
        ImmutableArray<VerifiedFile> files = [file];
        var main = ArtifactVerifier.Choose(judged, files) ?? (given ? ArtifactVerifier.Choose(judged, []) : null);
        return Finish(VerifyTargetKind.Artifact, main, TaskOf(main, judged) with
        {
            Files = files,
            NothingFound = given ? "Nothing that was given is an attestation of it" : $"No attestation of it stands beside it ({Path.GetFileName(path)}.intoto.jsonl, .sigstore.json, …), and no receipt of a run tells of it; `--attestation FILE` names one",
        });
    }

    private VerifyOutcome OfFolder(string folder)
    {
        var project = ProjectOf(folder);
        if (project is not null && _request.Attestations.IsEmpty)
        {
            // A project's folder holds sources too: what it made is what its newest receipt names.
            var receipts = new RunReceipts(project);
            if (receipts.List().Select(id => (RunId?)id).FirstOrDefault() is { } newest)
            {
                return OfReceipt(receipts.PathOf(newest), VerifyTargetKind.Folder);
            }
        }

        var names = ArtifactFiles.Below(folder);
        var artifacts = ImmutableArray.CreateBuilder<VerifiedFile>();
        foreach (var name in names)
        {
            var path = Path.Combine(folder, name);
            if (AttestationFinder.IsNamed(path) || AttestationFinder.Begins(path))
            {
                _finder.Add(path, Shown(path));
            }
            else if (!_request.Attestations.Any(a => Full(a) == path))
            {
                artifacts.Add(ArtifactFiles.Hash(path, name, subject: null, _cancellationToken));
            }
        }

        var files = artifacts.DrainToImmutable();
        if (_finder.Found.IsEmpty && _finder.Refused.IsEmpty)
        {
            foreach (var above in Projects(folder))
            {
                if (_finder.AddReceiptOf(above, [.. files.Select(static f => f.Sha256).OfType<string>()], Shown) is not null)
                {
                    break;
                }
            }
        }

        var judged = Judge(static _ => null);
        var main = ArtifactVerifier.Choose(judged, files) ?? ArtifactVerifier.Choose(judged, []);
        return Finish(VerifyTargetKind.Folder, main, TaskOf(main, judged) with
        {
            Files = files,
            FilesSkipped = files.IsEmpty ? "There is no artifact in the folder" : null,
            NothingFound = "There is no attestation in the folder, and no receipt of a run tells of its files; `--attestation FILE` names one",
        });
    }

    private VerifyOutcome OfReceipt(string path, VerifyTargetKind kind)
    {
        _finder.Add(path, Shown(path));
        _finder.AddWords(path, Shown);
        var judged = Judge(static _ => null);
        var main = ArtifactVerifier.Choose(judged, []);
        var (files, skipped) = main is null ? ([], null) : FilesOf(main, path);
        return Finish(kind, main, TaskOf(main, judged) with { Files = files, FilesSkipped = skipped, NothingFound = "There is no attestation in it" });
    }

    /// <summary>The files that a statement names, where they should be: in the project of the run, or beside the attestation.</summary>
    private (ImmutableArray<VerifiedFile> Files, string? Skipped) FilesOf(JudgedAttestation main, string attestation)
    {
        if (main is { Receipt: { } receipt } && main.Subjects is [{ } run] && run.Name.StartsWith(RunProvenance.RunSubject, StringComparison.Ordinal))
        {
            return ([], $"The run `{receipt.RunId}` made no files");
        }

        var project = ProjectOfRun(attestation);
        if (project is not null && new RunReceipts(project).List().FirstOrDefault() is var newest && newest.Value != main.Receipt?.RunId)
        {
            return ([], $"A later run, `{newest}`, may have made other files since: name them one by one");
        }

        var folder = project ?? Path.GetDirectoryName(attestation)!;
        var files = ImmutableArray.CreateBuilder<VerifiedFile>(main.Subjects.Length);
        foreach (var subject in main.Subjects)
        {
            if (project is null && main.Receipt is null && main.Claims.Builder is not null && subject.Name == ActionProvenance.OutputsSubject)
            {
                continue;
            }

            files.Add(ArtifactFiles.Hash(Path.Combine(folder, subject.Name), subject.Name, subject.Name, _cancellationToken));
        }

        if (project is null && files.All(static f => f.Problem is "is not there"))
        {
            return ([], "None of the artifacts is beside it: name them, and it with `--attestation`");
        }

        return (files.DrainToImmutable(), null);
    }

    private ImmutableArray<JudgedAttestation> Judge(Func<string, byte[]?> contentOf) => [.. _finder.Found.Select(f => _judge.Judge(f, contentOf))];

    private VerificationTask TaskOf(JudgedAttestation? main, ImmutableArray<JudgedAttestation> judged) => new()
    {
        Judge = _judge,
        Policy = _request.Policy,
        Attestations = judged,
        Refused = _finder.Refused,
        Main = main,
        Graph = main?.Receipt is { } receipt ? GraphOf(receipt, main) : [],
        TrustedOnly = _request.TrustedOnly,
        Log = ProofFinder.JudgeOf(_request, _finder.Paths, Full, Shown, BundledProofs()),
    };

    private ImmutableArray<CheckLine> GraphOf(RunReceipt receipt, JudgedAttestation main)
    {
        var lines = ImmutableArray.CreateBuilder<CheckLine>(2);
        if (_bundled is not null)
        {
            lines.Add(RunGraph.CheckPipeline(receipt, null, $"The pipeline `{receipt.Pipeline.File}` of the run is no part of a bundle"));
        }
        else
        {
            var project = ProjectOfRun(Full(main.Found.Where)) ?? _request.ProjectDirectory;
            lines.Add(RunGraph.CheckPipeline(receipt, PipelineOf(receipt, project, out var missing), missing));
        }

        if (RunGraph.CheckAttestations(receipt, Find) is { } line)
        {
            lines.Add(line);
        }

        return lines.DrainToImmutable();
    }

    private (Statement? Statement, string? Problem) Find(ReceiptStep step)
    {
        if (_bundled is not null)
        {
            return step.Attestation is { } payload && _bundled.TryGetValue(payload, out var bundled) ? Counting(bundled, bundled.Statement) : (null, "they are not in the bundle");
        }

        var problem = "there is no store";
        if (_request.Store is not { } store || RunReceipts.TryFind(step, store, out problem) is not { } stored)
        {
            return (null, problem);
        }

        var judged = _judge.Judge(new FoundAttestation(step.Job, stored.Envelope, null), static _ => null);
        return Counting(judged, stored.Statement);
    }

    private static (Statement? Statement, string? Problem) Counting(JudgedAttestation judged, Statement? statement) => judged.Counts ? (statement, null)
        : (null, judged.Problem ?? judged.Signers.Select(static s => s.ValidityProblem ?? s.RoleProblem).FirstOrDefault() ?? "nobody who is trusted signed it");

    private static Pipeline? PipelineOf(RunReceipt receipt, string project, out string missing)
    {
        missing = $"The pipeline `{receipt.Pipeline.File}` of the run is not here";
        foreach (var file in receipt.Pipeline.Files)
        {
            var path = Path.GetFullPath(Path.Combine(project, file.Path));
            if (!path.StartsWith(project.TrimEnd('/') + "/", StringComparison.Ordinal) || !File.Exists(path))
            {
                return null;
            }

            if (ArtifactFiles.Hash(path, file.Path, null, CancellationToken.None).Sha256 != file.Sha256)
            {
                missing = $"The pipeline here is not that of the run: `{file.Path}` has changed";
                return null;
            }
        }

        // A limit of what a pipeline includes keeps this small.
        return receipt.Pipeline.Files.IsEmpty ? null : PipelineReader.Read(receipt.Pipeline.File, new FileSourceLoader(project)).Pipeline;
    }

    private static VerifyOutcome Finish(VerifyTargetKind kind, JudgedAttestation? main, VerificationTask task)
    {
        var checklist = ArtifactVerifier.Verify(task);
        return new VerifyOutcome(kind, checklist, main, checklist.Evidence.Artifacts);
    }

    /// <summary>Projects whose runs may have made something: the one that is meant, and the one that it lies in.</summary>
    private IEnumerable<string> Projects(string path)
    {
        yield return _request.ProjectDirectory;
        for (var folder = Path.GetDirectoryName(path); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (folder != _request.ProjectDirectory && Directory.Exists(RunDirectory.RunsDirectory(folder)))
            {
                yield return folder;
                yield break;
            }
        }
    }

    private static string? ProjectOf(string folder) => Directory.Exists(RunDirectory.RunsDirectory(folder)) ? folder : null;

    /// <summary>The project in whose state a file of a run stands; null where it stands elsewhere.</summary>
    private static string? ProjectOfRun(string file)
    {
        var runs = Path.GetDirectoryName(Path.GetDirectoryName(file));
        var project = Path.GetDirectoryName(Path.GetDirectoryName(runs));
        return project is not null && runs == RunDirectory.RunsDirectory(project) ? project : null;
    }

    private static bool IsRunFolder(string folder) => File.Exists(RunDirectory.ReceiptFile(folder)) && ProjectOfRun(RunDirectory.ReceiptFile(folder)) is not null;

    private string Full(string path) => Path.GetFullPath(path, _request.CurrentDirectory);

    /// <summary>A path as it is seen from here.</summary>
    private string Shown(string path)
    {
        var relative = Path.GetRelativePath(_request.CurrentDirectory, path);
        return relative.StartsWith("../../", StringComparison.Ordinal) ? path : relative;
    }
}
