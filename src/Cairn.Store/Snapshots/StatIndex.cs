using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>
/// Digests of files by path, valid while their stat (size, mtime, ctime, inode) stays. A file that changed so recently that another change could
/// leave the same times is never taken at its word. Thread-safe. A damaged or foreign file counts as empty.
/// </summary>
public sealed class StatIndex
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Twice the coarsest tick of kernels (10 ms): file times lag behind the clock by up to one.</summary>
    private const long RacyWindowNs = 20_000_000;

    private readonly StatIndexFile _file;
    private readonly bool[] _asked;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Noted> _noted = new(StringComparer.Ordinal);

    private StatIndex(StatIndexFile file, TimeProvider time)
    {
        _file = file;
        _asked = new bool[file.Count];
        _time = time;
    }

    /// <summary>One of nothing, for files that are looked at once.</summary>
    public static StatIndex OfNothing() => new(StatIndexFile.Empty, TimeProvider.System);

    /// <summary>Reads an index.</summary>
    public static StatIndex Load(string path) => Load(path, TimeProvider.System);

    /// <summary>Reads an index, with the clock that file times are compared with.</summary>
    public static StatIndex Load(string path, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        try
        {
            using var handle = File.OpenHandle(path);
            var length = RandomAccess.GetLength(handle);
            if (length <= Limits.StatIndexBytesMax)
            {
                var data = GC.AllocateUninitializedArray<byte>((int)length);
                var filled = 0;
                while (filled < data.Length && RandomAccess.Read(handle, data.AsSpan(filled), filled) is > 0 and var read)
                {
                    filled += read;
                }

                return new StatIndex((filled == length ? StatIndexFile.TryRead(data) : null) ?? StatIndexFile.Empty, time);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Nothing to go by: everything is hashed.
        }

        return new StatIndex(StatIndexFile.Empty, time);
    }

    /// <summary>
    /// Whether a stat was taken so soon after the file's last change that a later change could leave the same stat. What counts is the ctime: every change
    /// moves it to the present and nobody can set it back, while an mtime says what a program wants. So an mtime in the future does no harm if the ctime is past; a ctime
    /// in the future (the clock went back) is never trusted before the clock has passed it.
    /// </summary>
    /// <param name="stat">The stat.</param>
    /// <param name="statedNs">A time before the stat was taken, in nanoseconds since 1970.</param>
    public static bool IsRacy(in FileStat stat, long statedNs)
    {
        // Whole seconds come from a file system that keeps no more: FAT counts in twos.
        var window = stat.ChangedNs % NanosecondsPerSecond == 0 ? RacyWindowNs + (2 * NanosecondsPerSecond) : RacyWindowNs;
        var horizon = statedNs - window;

        // The mtime counts where a file system makes up the ctime.
        return stat.ChangedNs >= horizon || (stat.ModifiedNs >= horizon && stat.ModifiedNs <= statedNs + window);
    }

    /// <summary>The time now, for <see cref="IsRacy"/> and <see cref="Set(string, in FileStat, Digest, long)"/>.</summary>
    public long NowNs() => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    /// <summary>The digest of a file, where it stands as it stood when it was hashed.</summary>
    public bool TryGet(string path, in FileStat stat, out Digest digest)
    {
        ArgumentNullException.ThrowIfNull(path);
        lock (_noted)
        {
            if (_noted.TryGetValue(path, out var noted))
            {
                digest = noted.Record.Digest;
                return noted.Record.Answers(stat);
            }
        }

        Span<byte> bytes = stackalloc byte[512];
        return Encoding.UTF8.TryGetBytes(path, bytes, out var length) ? TryGetLoaded(bytes[..length], stat, out digest) : TryGetLoaded(Encoding.UTF8.GetBytes(path), stat, out digest);
    }

    /// <summary>The digest of a file by what was loaded, whatever was noted since.</summary>
    internal bool TryGetLoaded(ReadOnlySpan<byte> path, in FileStat stat, out Digest digest)
    {
        var number = _file.Find(path);
        if (number < 0)
        {
            digest = default;
            return false;
        }

        _asked[number] = true;
        var record = _file.Records[number];
        digest = record.Digest;
        return record.Answers(stat);
    }

    /// <summary>Notes a digest. <paramref name="stat"/> is from before the hashing, and the same after it. Where the hashing took long, say when it began instead.</summary>
    public void Set(string path, in FileStat stat, Digest digest) => Set(path, stat, digest, NowNs());

    /// <summary>Notes a digest of a file whose stat was taken after <paramref name="statedNs"/>.</summary>
    public void Set(string path, in FileStat stat, Digest digest, long statedNs)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (stat.Kind != FileKind.Regular || digest.SizeBytes != stat.SizeBytes)
        {
            throw new ArgumentException($"The digest {digest} is not that of a file of {stat.SizeBytes} bytes", nameof(digest));
        }

        var noted = new Noted(new StatIndexFile.Record(stat, digest, IsRacy(stat, statedNs)));
        lock (_noted)
        {
            _noted[path] = noted;
        }
    }

    /// <summary>Writes the index if it changed; what nobody asked for in many such writes is dropped. Losing it costs hashing only, so it is not synced.</summary>
    public void Save(string path)
    {
        lock (_noted)
        {
            if (_noted.Count == 0)
            {
                return;
            }

            var records = new StatIndexFile.Record[_file.Count + _noted.Count];
            var paths = new byte[records.Length][];
            var count = 0;
            var replaced = new bool[_file.Count];
            foreach (var (name, noted) in _noted)
            {
                var bytes = Encoding.UTF8.GetBytes(name);
                if (_file.Find(bytes) is >= 0 and var number)
                {
                    replaced[number] = true;
                }

                (records[count], paths[count]) = (noted.Record, bytes);
                count++;
            }

            for (var i = 0; i < replaced.Length; i++)
            {
                var record = _file.Records[i];
                record.Idle = _asked[i] ? (byte)0 : (byte)(record.Idle + 1);
                if (!replaced[i] && record.Idle <= Limits.StatIndexIdleSavesMax)
                {
                    (records[count], paths[count]) = (record, _file.PathOf(i).ToArray());
                    count++;
                }
            }

            Array.Resize(ref records, count);
            Array.Resize(ref paths, count);
            DurableFile.Replace(path, StatIndexFile.Write(records, paths), durable: false);
        }
    }

    private sealed class Noted(StatIndexFile.Record record)
    {
        public StatIndexFile.Record Record { get; } = record;
    }
}
