using System.Collections.Immutable;

using Cairn.Engine.History;
using Cairn.Store.Files;
using Cairn.Trust.Envelopes;

namespace Cairn.Engine.Verification;

/// <summary>Finds and reads files with attestations. What cannot be read is refused with its reason.</summary>
public sealed class AttestationFinder
{
    /// <summary>The folder beside a receipt in which its approvals stand.</summary>
    public const string ApprovalsFolder = "approvals";

    /// <summary>How files with approvals beside what they are of end: <c>FILE.NAME.approval.json</c>.</summary>
    public const string ApprovalEnding = ".approval.json";

    /// <summary>The folder beside a receipt in which attestations of replays stand.</summary>
    public const string ReplaysFolder = "replays";

    /// <summary>How files with attestations of replays end, beside what they are of: <c>FILE.NAME.replay.json</c>.</summary>
    public const string ReplayEnding = ".replay.json";

    private const int FilesMax = 1_000;
    private const int HeadBytes = 4 << 10;
    private const string OfSeveral = "multiple.intoto.jsonl";

    /// <summary>What is put behind the name of an artifact to name a file with attestations of it.</summary>
    private static readonly ImmutableArray<string> Endings = [".intoto.jsonl", ".intoto.json", ".sigstore.json", ".sigstore", ".dsse.json", ".att.json", ApprovalEnding, ReplayEnding];

    private readonly ImmutableArray<FoundAttestation>.Builder _found = ImmutableArray.CreateBuilder<FoundAttestation>();
    private readonly ImmutableArray<RefusedAttestation>.Builder _refused = ImmutableArray.CreateBuilder<RefusedAttestation>();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>What was found.</summary>
    public ImmutableArray<FoundAttestation> Found => _found.ToImmutable();

    /// <summary>The files that were read.</summary>
    public IReadOnlyCollection<string> Paths => _seen;

    /// <summary>What was refused.</summary>
    public ImmutableArray<RefusedAttestation> Refused => _refused.ToImmutable();

    /// <summary>Whether a file is named like one with attestations.</summary>
    public static bool IsNamed(string path) => Path.GetFileName(path) is OfSeveral or "receipt.json" || Endings.Any(e => path.EndsWith(e, StringComparison.Ordinal));

    /// <summary>Whether a file named after an artifact stands beside it.</summary>
    public static bool IsBeside(string artifact) => Endings.Any(e => File.Exists(artifact + e));

    /// <summary>Whether a file begins like one with attestations.</summary>
    public static bool Begins(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var head = new byte[HeadBytes];
            var count = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            return AttestationFile.MayBe(head.AsSpan(0, count));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="name">What it is called.</param>
    public void Add(string path, string name)
    {
        if (!_seen.Add(path) || _seen.Count > FilesMax)
        {
            return;
        }

        if (NamedFile.TryRead(path, Cairn.Trust.Limits.EnvelopeBytesMax, out var problem) is { } bytes)
        {
            var read = AttestationFile.Read(name, bytes);
            _found.AddRange(read.Found);
            _refused.AddRange(read.Refused);
            return;
        }

        _refused.Add(new RefusedAttestation(name, problem));
    }

    /// <summary>Reads a document of a bundle.</summary>
    public void Add(string name, ReadOnlySpan<byte> content)
    {
        var read = AttestationFile.Read(name, content);
        _found.AddRange(read.Found);
        _refused.AddRange(read.Refused);
    }

    /// <summary>Reads what stands beside an artifact.</summary>
    public void AddBeside(string artifact, Func<string, string> nameOf)
    {
        foreach (var ending in Endings)
        {
            AddIfThere(artifact + ending, nameOf);
        }

        AddIfThere(Path.Combine(Path.GetDirectoryName(artifact)!, OfSeveral), nameOf);
        AddWordsBeside(artifact, nameOf);
    }

    /// <summary>Reads the approvals beside a receipt, and the attestations of replays.</summary>
    public void AddWords(string receipt, Func<string, string> nameOf)
    {
        foreach (var name in (ReadOnlySpan<string>)[ApprovalsFolder, ReplaysFolder])
        {
            var folder = Path.Combine(Path.GetDirectoryName(receipt)!, name);
            foreach (var file in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal) : (IEnumerable<string>)[])
            {
                Add(file, nameOf(file));
            }
        }

        AddWordsBeside(receipt, nameOf);
    }

    /// <summary>Reads the newest receipt of a project that tells of one of some hashes; null, where none does, else its path.</summary>
    public string? AddReceiptOf(string projectDirectory, IReadOnlyCollection<string> hashes, Func<string, string> nameOf)
    {
        var runs = RunDirectory.RunsDirectory(projectDirectory);
        foreach (var folder in Directory.Exists(runs) ? Directory.EnumerateDirectories(runs).OrderDescending(StringComparer.Ordinal).Take(FilesMax) : [])
        {
            var path = RunDirectory.ReceiptFile(folder);
            if (_seen.Contains(path) || !TellsOf(path, hashes))
            {
                continue;
            }

            Add(path, nameOf(path));
            AddWords(path, nameOf);
            return path;
        }

        return null;
    }

    private void AddWordsBeside(string path, Func<string, string> nameOf)
    {
        // Compared here: the name may hold what a pattern of files takes for a wildcard.
        var (head, folder) = (Path.GetFileName(path) + ".", Path.GetDirectoryName(path)!);
        foreach (var file in Directory.EnumerateFiles(folder, "*.json").Where(f => Path.GetFileName(f).StartsWith(head, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (file.EndsWith(ApprovalEnding, StringComparison.Ordinal) || file.EndsWith(ReplayEnding, StringComparison.Ordinal))
            {
                Add(file, nameOf(file));
            }
        }
    }

    private void AddIfThere(string path, Func<string, string> nameOf)
    {
        if (File.Exists(path))
        {
            Add(path, nameOf(path));
        }
    }

    // Its text is looked at, and not yet judged: it is judged where it is read.
    private static bool TellsOf(string path, IReadOnlyCollection<string> hashes)
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length > Cairn.Trust.Limits.EnvelopeBytesMax || Envelope.TryRead(File.ReadAllBytes(path), out _) is not { } envelope)
            {
                return false;
            }

            foreach (var hash in hashes)
            {
                if (envelope.Payload.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(hash)) >= 0)
                {
                    return true;
                }
            }

            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
