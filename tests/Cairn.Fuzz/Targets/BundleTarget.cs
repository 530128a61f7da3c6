using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Trust.Bundles;

namespace Cairn.Fuzz.Targets;

/// <summary>What stands in a bundle and has a form that is free: the index, manifests, the tree, documents. What is read is written again as the same bytes, and no tree leads out of its folder.</summary>
internal sealed class BundleTarget : IFuzzTarget
{
    private static readonly Digest Artifact = Digest.Of("artifact"u8);

    public string Name => "bundle";

    public IReadOnlyList<string> Words { get; } =
    [
        "{", "}", "[", "]", ":", ",", "\"schemaVersion\":2", "\"mediaType\":", "\"artifactType\":", "\"digest\":\"sha256:", "\"size\":", "\"manifests\":", "\"config\":", "\"layers\":", "\"subject\":", "\"annotations\":",
        $"\"{MediaTypes.Index}\"", $"\"{MediaTypes.Manifest}\"", $"\"{MediaTypes.Artifact}\"", $"\"{MediaTypes.Tree}\"", $"\"{MediaTypes.Layer}\"", $"\"{MediaTypes.Envelope}\"", "\"org.opencontainers.image.ref.name\":\"artifact\"",
        Artifact.Hash, "\n", "\u0012", "\u001a", "\u000a\u0001a\u0012B\u000a@", "..", "../", "/", "a", "A", "\0", "c2sp.org/tlog-proof@v1\n", "\"bomFormat\":\"CycloneDX\"", "\"payload\":",
    ];

    public void Run(byte[] input)
    {
        Same(input, static i => BundleIndex.Read(i).ToJson());
        Same(input, static i => ArtifactManifest.Read(i).ToJson());
        Same(input, static i => EvidenceManifest.Read(i, Artifact).ToJson());
        RunTree(input);
        var document = EvidenceReader.TryRead(input, out var problem);
        InvariantException.Require(document is null == problem is { Length: > 0 }, $"A document and a problem: {problem}");
    }

    private static void Same(byte[] input, Func<byte[], byte[]> again)
    {
        try
        {
            InvariantException.Require(again(input).AsSpan().SequenceEqual(input), $"It changes when it is written again");
        }
        catch (BundleException exception)
        {
            InvariantException.Require(exception.Message.Length > 0 && exception.Code.StartsWith("CAIRN08", StringComparison.Ordinal), $"It is refused without a reason");
        }
    }

    private static void RunTree(byte[] input)
    {
        if (TreeBlob.TryDecode(input, out var problem) is not { } listing)
        {
            InvariantException.Require(problem is { Length: > 0 }, $"A bad tree has no explanation");
            return;
        }

        InvariantException.Require(TreeBlob.Encode(TreeBlob.TreeOf(listing.Items)).AsSpan().SequenceEqual(input), $"The tree changes when it is written again");
        if (TreeBlob.ProblemOf(listing.Items) is not null)
        {
            return;
        }

        var links = listing.Items.Where(static i => i.Leaf.Target is not null).ToDictionary(static i => i.Path, static i => i.Leaf.Target!, StringComparer.Ordinal);
        foreach (var (path, target) in links)
        {
            InvariantException.Require(StaysWithin(path, target, links), $"`{path}` leads out by `{target}`");
        }
    }

    /// <summary>Follows a link as the kernel does, and says whether the way ever left the tree.</summary>
    private static bool StaysWithin(string path, string target, Dictionary<string, string> links)
    {
        var at = ImmutableStack.CreateRange(path.Split('/')[..^1]);
        var rest = new Stack<string>(target.Split('/').Reverse());
        for (var steps = 0; rest.TryPop(out var segment) && steps < 40; steps++)
        {
            if (segment is "" or ".")
            {
                continue;
            }

            if (segment == "..")
            {
                if (at.IsEmpty)
                {
                    return false;
                }

                at = at.Pop();
                continue;
            }

            var next = at.Push(segment);
            if (links.TryGetValue(string.Join('/', next.Reverse()), out var further))
            {
                foreach (var part in further.Split('/').Reverse())
                {
                    rest.Push(part);
                }
            }
            else
            {
                at = next;
            }
        }

        return true;
    }
}
