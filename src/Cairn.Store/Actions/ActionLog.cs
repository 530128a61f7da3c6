using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;

using Cairn.Core.Actions;
using Cairn.Core.Content;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Store.Actions;

/// <summary>
/// The actions of a project's runs, for explanations: one file with every <c>Action</c>, its <c>Command</c> and the <c>Directory</c> messages of its inputs,
/// each once. Thread-safe; only the holder of the project's lock may write. Nothing is synced: what a crash leaves in pieces is cut off, and
/// only explanations are lost.
/// </summary>
public sealed class ActionLog : IDisposable
{
    private const int PendingBytesMax = 8 << 20;
    private const long SlackBytes = 8 << 20;

    private readonly string _path;
    private readonly Lock _gate = new();

    private SafeFileHandle? _file;
    private DigestTable? _offsets;
    private long _end;
    private byte[] _pending = [];
    private int _pendingLength;

    private ActionLog(string path) => _path = path;

    /// <summary>The log at a path, which need not be there yet; nothing is read before it is needed.</summary>
    public static ActionLog Open(string path) => new(path);

    /// <summary>Whether the file has grown so much since it was last compacted that it is time to do it again; looks at its size and first bytes only.</summary>
    public bool IsCompactionDue
    {
        get
        {
            lock (_gate)
            {
                Span<byte> head = stackalloc byte[ActionLogFormat.FileHeadBytes];
                return OpenToRead() is { } file && TryReadAll(file, head, 0) && ActionLogFormat.TryReadFileHead(head, out var compactedBytes)
                    && RandomAccess.GetLength(file) - compactedBytes > compactedBytes + SlackBytes;
            }
        }
    }

    /// <summary>Whether a blob is there.</summary>
    public bool Contains(Digest digest)
    {
        lock (_gate)
        {
            return Index()[digest] != 0;
        }
    }

    /// <summary>The digest of a blob by its text, or by its hash alone as events have it; null where it is not there.</summary>
    public Digest? Find(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Digest.TryParse(text, null, out var digest))
        {
            return Contains(digest) ? digest : null;
        }

        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        if (text.Length != 2 * Digest.HashBytes || Convert.FromHexString(text, hash, out _, out _) != OperationStatus.Done)
        {
            return null;
        }

        lock (_gate)
        {
            return Index().Find(hash);
        }
    }

    /// <summary>
    /// Adds an action with all that it refers to; false where it is there already. It is in memory until <see cref="Flush"/>, which this calls when there is much
    /// of it.
    /// </summary>
    public bool Append(EncodedAction action, MerkleTree inputs)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(inputs);
        lock (_gate)
        {
            if (Index()[action.Digest] != 0)
            {
                return false;
            }

            // Between actions only: whatever is in the file has all that it refers to before it.
            if (_pendingLength > PendingBytesMax)
            {
                Flush();
            }

            inputs.Visit(digest => _offsets![digest] != 0, (digest, bytes) => Add(digest, bytes.AsSpan()));
            Add(action.CommandDigest, action.Command.AsSpan());
            Add(action.Digest, action.Action.AsSpan());
            return true;
        }
    }

    /// <summary>Writes what was added, all at once. Throws <see cref="IOException"/> where it cannot; then nothing of it is there.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_pendingLength == 0)
            {
                return;
            }

            try
            {
                using var file = File.OpenHandle(_path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
                if (RandomAccess.GetLength(file) > _end)
                {
                    // What a crash left.
                    RandomAccess.SetLength(file, _end);
                }

                WriteOrCut(file);
            }
            catch
            {
                Forget();
                throw;
            }

            _end += _pendingLength;
            _pendingLength = 0;
        }
    }

    /// <summary>Reads a blob, verified; null where it is missing or damaged.</summary>
    public ImmutableArray<byte>? TryRead(Digest digest)
    {
        if (digest == Digest.Empty)
        {
            return [];
        }

        lock (_gate)
        {
            var offset = Index()[digest];
            if (offset == 0)
            {
                return null;
            }

            var bytes = new byte[digest.SizeBytes];
            var start = offset + ActionLogFormat.EntryHeadBytes;
            if (offset >= _end)
            {
                _pending.AsSpan((int)(start - _end), bytes.Length).CopyTo(bytes);
            }
            else if (!TryReadAll(OpenToRead()!, bytes, start))
            {
                return null;
            }

            return Digest.Of(bytes) == digest ? ImmutableCollectionsMarshal.AsImmutableArray(bytes) : null;
        }
    }

    /// <summary>Keeps what some actions refer to and drops the rest, by way of a new file that replaces this one.</summary>
    public void Compact(IEnumerable<Digest> keep)
    {
        ArgumentNullException.ThrowIfNull(keep);
        lock (_gate)
        {
            Flush();
            Index();
            var kept = Reachable(keep);
            if (OpenToRead() is not { } file || kept.Count == 0)
            {
                Forget();
                File.Delete(_path);
                return;
            }

            var temporary = $"{_path}.{Environment.ProcessId}.tmp";
            try
            {
                CopyTo(temporary, file, kept);
                File.Move(temporary, _path, overwrite: true);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }

            Forget();
        }
    }

    /// <summary>Closes the file; what was not flushed is lost.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            Forget();
        }
    }

    private void CopyTo(string path, SafeFileHandle source, DigestTable kept)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, 1 << 18);
        Span<byte> head = stackalloc byte[ActionLogFormat.FileHeadBytes];
        ActionLogFormat.WriteFileHead(head, 0);
        stream.Write(head);
        var scanner = new ActionLogScanner(source);
        while (scanner.Next())
        {
            // The index names one place for each; a second one is not needed.
            if (scanner.IsWhole && kept[scanner.Digest] == scanner.Position)
            {
                stream.Write(scanner.Entry);
            }
        }

        ActionLogFormat.WriteFileHead(head, stream.Length);
        stream.Position = 0;
        stream.Write(head);
    }

    /// <summary>What some actions refer to, with the ends of the entries.</summary>
    private DigestTable Reachable(IEnumerable<Digest> actions)
    {
        var reachable = new DigestTable();
        var folders = new Stack<Digest>();
        foreach (var action in actions)
        {
            if (Mark(reachable, action) && TryRead(action) is { } bytes && ActionDecoder.TryReadReferences(bytes.AsSpan()) is var (command, inputRoot))
            {
                Mark(reachable, command);
                folders.Push(inputRoot);
                while (folders.TryPop(out var folder))
                {
                    if (!Mark(reachable, folder) || TryRead(folder) is not { } listing || DirectoryDecoder.TryDecode(listing.AsSpan(), out _) is not { } entries)
                    {
                        continue;
                    }

                    foreach (var entry in entries)
                    {
                        if (entry.IsFolder)
                        {
                            folders.Push(entry.Leaf.Digest);
                        }
                    }
                }
            }
        }

        return reachable;
    }

    private bool Mark(DigestTable reachable, Digest digest)
    {
        var offset = _offsets![digest];
        if (offset == 0 || reachable[digest] != 0)
        {
            return false;
        }

        reachable[digest] = offset + ActionLogFormat.EntryHeadBytes + digest.SizeBytes;
        return true;
    }

    private void Add(Digest digest, ReadOnlySpan<byte> content)
    {
        if (digest.SizeBytes == 0 || _offsets![digest] != 0)
        {
            return;
        }

        if (_end + _pendingLength == 0)
        {
            var head = Take(ActionLogFormat.FileHeadBytes);
            ActionLogFormat.WriteFileHead(head, 0);
        }

        var offset = _end + _pendingLength;
        var entry = Take(ActionLogFormat.EntryHeadBytes + content.Length);
        ActionLogFormat.WriteEntryHead(entry[..ActionLogFormat.EntryHeadBytes], digest, content);
        content.CopyTo(entry[ActionLogFormat.EntryHeadBytes..]);
        _offsets[digest] = offset;
    }

    private Span<byte> Take(int count)
    {
        if (_pending.Length - _pendingLength < count)
        {
            Array.Resize(ref _pending, Math.Max(checked(_pendingLength + count), Math.Max(1 << 16, 2 * _pending.Length)));
        }

        _pendingLength += count;
        return _pending.AsSpan(_pendingLength - count, count);
    }

    private void WriteOrCut(SafeFileHandle file)
    {
        try
        {
            RandomAccess.Write(file, _pending.AsSpan(0, _pendingLength), _end);
        }
        catch (IOException)
        {
            // A full disk: give back what the part of it takes.
            RandomAccess.SetLength(file, _end);
            throw;
        }
    }

    /// <summary>Forgets what is in memory, so that the file is read again.</summary>
    private void Forget()
    {
        _file?.Dispose();
        (_file, _offsets, _end) = (null, null, 0);
        (_pending, _pendingLength) = ([], 0);
    }

    private SafeFileHandle? OpenToRead()
    {
        if (_file is null && File.Exists(_path))
        {
            _file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }

        return _file;
    }

    /// <summary>Where the entries stand, read from the file at the first call.</summary>
    private DigestTable Index()
    {
        if (_offsets is not null)
        {
            return _offsets;
        }

        var offsets = new DigestTable();
        Span<byte> head = stackalloc byte[ActionLogFormat.FileHeadBytes];
        if (OpenToRead() is { } file && TryReadAll(file, head, 0) && ActionLogFormat.TryReadFileHead(head, out _))
        {
            var scanner = new ActionLogScanner(file);
            for (var start = scanner.Position; scanner.Next(); start = scanner.Position)
            {
                if (scanner.IsWhole)
                {
                    offsets[scanner.Digest] = start;
                }
            }

            _end = scanner.Position;
        }

        // A file that is none of ours, or of another version, begins anew with the next flush.
        return _offsets = offsets;
    }

    private static bool TryReadAll(SafeFileHandle file, Span<byte> bytes, long offset)
    {
        for (var count = 0; count < bytes.Length;)
        {
            var read = RandomAccess.Read(file, bytes[count..], offset + count);
            if (read == 0)
            {
                return false;
            }

            count += read;
        }

        return true;
    }
}
