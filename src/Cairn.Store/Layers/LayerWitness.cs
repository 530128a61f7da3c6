using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Layers;

/// <summary>
/// Which layers are as they were laid out, or found, on this machine: so that whoever can write to the store cannot give a step other inputs than its action names. What is remembered stands outside of
/// the store and is bound by a MAC: of each layer the sizes, modes, owners, inodes and times of change of all that is in it, which no other write leaves as they are. Thread-safe.
/// </summary>
public sealed class LayerWitness(VerdictMemo known)
{
    private const int FieldBytes = 9 * sizeof(long);

    /// <summary>What verdicts of a memo for layers depend on.</summary>
    public const string Circumstances = "cairn layers 1";

    /// <summary>Keeps what was added. Throws <see cref="IOException"/> where it cannot; losing it costs time only.</summary>
    public void Save() => known.Save();

    /// <summary>Whether a layer is as it was when it was noted.</summary>
    internal bool Knows(DirectoryHandle layer) => FingerprintOf(layer) is { } fingerprint && known.Contains(fingerprint);

    /// <summary>Notes that a layer holds what its name says, as it stands.</summary>
    internal void Note(DirectoryHandle layer)
    {
        if (FingerprintOf(layer) is { } fingerprint)
        {
            known.Add(fingerprint);
        }
    }

    /// <summary>Notes it where its content is found right by reading it, and nobody wrote to it meanwhile; false otherwise.</summary>
    internal bool TryNote(DirectoryHandle layer, Func<bool> isRight)
    {
        var before = FingerprintOf(layer);
        if (before is not { } fingerprint || !isRight() || FingerprintOf(layer) != before)
        {
            return false;
        }

        known.Add(fingerprint);
        return true;
    }

    /// <summary>What the kernel says of all that is in the folder of a layer, and where that stands; null where names are none that a layer has.</summary>
    private static Digest? FingerprintOf(DirectoryHandle layer)
    {
        var bytes = new List<byte>(64 << 10);
        bytes.AddRange(Encoding.UTF8.GetBytes(layer.DisplayPath));
        return TryAdd(bytes, layer) ? Digest.Of(CollectionsMarshal.AsSpan(bytes)) : null;
    }

    private static bool TryAdd(List<byte> bytes, DirectoryHandle folder)
    {
        var entries = folder.List();
        entries.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        Span<byte> fields = stackalloc byte[FieldBytes];
        foreach (var entry in entries)
        {
            var name = Encoding.UTF8.GetBytes(entry.Name + "\0");
            if (!entry.IsUtf8 || !BlobCalls.TryLook(folder.Descriptor, name, out var look))
            {
                return false;
            }

            bytes.AddRange(name);
            var at = 0;
            foreach (var field in (ReadOnlySpan<long>)[look.Mode, look.UserId, look.GroupId, look.SizeBytes, look.LinkCount, unchecked((long)look.Device), unchecked((long)look.Inode), look.ModifiedNs, look.ChangedNs])
            {
                BinaryPrimitives.WriteInt64LittleEndian(fields[at..], field);
                at += sizeof(long);
            }

            bytes.AddRange(fields);
            if (look.IsDirectory)
            {
                using var below = folder.TryOpen(entry.Name);
                if (below is null || !TryAdd(bytes, below))
                {
                    return false;
                }

                // The end of a folder: what follows stands beside it.
                bytes.Add(0);
            }
        }

        return true;
    }
}
