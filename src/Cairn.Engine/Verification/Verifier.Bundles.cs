using System.Collections.Immutable;

using Cairn.Store.Bundles;
using Cairn.Trust.Bundles;
using Cairn.Trust.Checks;
using Cairn.Trust.Log;
using Cairn.Trust.Policies;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Verification;

/// <content>Bundles: by what is in them and whom to believe, and by nothing else of this machine.</content>
public sealed partial class Verifier
{
    /// <summary>How files with bundles end.</summary>
    public const string BundleEnding = ".cab";

    // By payload hash; null where no bundle is verified.
    private Dictionary<string, JudgedAttestation>? _bundled;

    private ImmutableArray<BundleEvidence> _documents = [];

    private VerifyOutcome OfBundle(string path)
    {
        try
        {
            using var bundle = BundleReader.Open(path);
            bundle.ReadFiles(sink: null, _cancellationToken);
            if (bundle.Head.Evidence.IsEmpty && _request.Attestations.IsEmpty && !_request.IsAlone)
            {
                // As a step made it: an artifact like any other.
                var outcome = OfArtifact(path);
                ImmutableArray<CheckLine> lines = [.. outcome.Checklist.Lines.Add(BundleChecks.Whole(bundle.Head, bundle.Items.Count(static i => i.IsFile))).OrderBy(static l => l.Kind)];
                return outcome with { Kind = VerifyTargetKind.Bundle, Checklist = outcome.Checklist with { Lines = lines } };
            }

            return OfBundle(bundle) with { Bundle = bundle.Head.Whole };
        }
        catch (BundleException exception)
        {
            return Finish(VerifyTargetKind.Bundle, null, TaskOf(null, []) with
            {
                Graph = [new CheckLine(CheckKind.Bundle, Verdict.Fail, $"{exception.Message} ({exception.Code})")],
                NothingFound = "A bundle that is not whole says nothing",
            });
        }
    }

    private VerifyOutcome OfBundle(BundleReader bundle)
    {
        _documents = bundle.Head.Evidence;
        foreach (var document in _documents)
        {
            if (document.Kind is EvidenceKind.Receipt or EvidenceKind.Attestation or EvidenceKind.Statement or EvidenceKind.Sigstore)
            {
                _finder.Add($"{EvidenceWords.Of(document.Kind)} {document.Digest.Hash[..12]}", document.Content.AsSpan());
            }
        }

        var judged = Judge(static _ => null);
        _bundled = [];
        foreach (var attestation in judged)
        {
            if (attestation.Problem is null && (!_bundled.TryGetValue(attestation.Payload, out var known) || !known.Counts))
            {
                _bundled[attestation.Payload] = attestation;
            }
        }

        var core = judged.IsEmpty ? null : CoreOf(bundle);
        var whole = new VerifiedFile("the bundle without its documents", core);
        var files = bundle.Items.Where(static i => i.IsFile).Select(static i => new VerifiedFile(i.Path, i.Leaf.Digest.Hash)).ToImmutableArray();
        var main = ArtifactVerifier.Choose(judged, [whole]);
        if (main is not { Counts: true } && ArtifactVerifier.Choose(judged, files) is var other && (main is null || other is { Counts: true }))
        {
            main = other ?? ArtifactVerifier.Choose(judged, []);
            files = [.. files.Select(f => f with { Subject = SubjectOf(main, f) })];
        }
        else
        {
            files = [whole];
        }

        CheckLine?[] lines = [BundleChecks.Whole(bundle.Head, bundle.Items.Count(static i => i.IsFile)), BundleChecks.Layout(main, core), BundleChecks.Documents(bundle.Head.Evidence, judged)];
        var task = TaskOf(main, judged);
        using var seeds = new SeedChecks(_documents, _request.ArchiveKeyrings, _cancellationToken);
        return Finish(VerifyTargetKind.Bundle, main, task with
        {
            Graph = [.. lines.OfType<CheckLine>(), .. task.Graph, .. main?.Receipt is { } receipt ? BundleChecks.Chain(receipt, step => Find(step).Statement, seeds.Check) : []],
            Files = files,
            FilesSkipped = files.IsEmpty ? "There is no file in the bundle" : null,
            NothingFound = "There is no attestation in the bundle; `--attestation FILE` names one",
        });
    }

    /// <summary>The proofs in the bundle.</summary>
    private IEnumerable<FoundProof> BundledProofs()
    {
        foreach (var document in _documents)
        {
            if (document.Kind is EvidenceKind.LogProof)
            {
                yield return new FoundProof($"log-proof {document.Digest.Hash[..12]}", TlogProof.TryRead(document.Content.AsSpan(), out var problem), problem) { Envelope = document.Envelope };
            }
        }
    }

    /// <summary>The name that a file must have in a statement: its own, where the statement has that name at all. Otherwise two attested files could change places.</summary>
    private static string? SubjectOf(JudgedAttestation? main, VerifiedFile file)
    {
        foreach (var name in (ReadOnlySpan<string>)[file.Name, $"{ActionProvenance.OutputsSubject}/{file.Name}"])
        {
            if (main?.Subjects.Any(s => s.Name == name) is true)
            {
                return name;
            }
        }

        return null;
    }

    /// <summary>The SHA-256 of the bundle without its documents: what a bundle step made.</summary>
    private string CoreOf(BundleReader bundle) => BundleWriter.DigestOf(new BundleHead(bundle.Head.Artifact, bundle.Head.Tree, []), bundle.OpenBlob, _cancellationToken).Hash;
}
