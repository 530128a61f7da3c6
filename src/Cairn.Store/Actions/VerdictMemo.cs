using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Actions;

/// <summary>
/// Which entries were found good, so that a signature is checked once. It stands outside the store, bound by a MAC to the entries' bytes, to all that verdicts depend on, and to the time until which they
/// hold; one that does not verify, or is of other circumstances, is empty. Thread-safe.
/// </summary>
/// <remarks><code>file = "cairn-verdicts 1" 0A circumstances(32 bytes) until(8 bytes) *(hash(32 bytes) size(8 bytes)) mac(32 bytes)</code></remarks>
public sealed class VerdictMemo
{
    private const int HashBytes = SHA256.HashSizeInBytes;
    private const int ItemBytes = HashBytes + sizeof(long);

    private static readonly int HeadBytes = Magic.Length + HashBytes + sizeof(long);

    private readonly string _path;
    private readonly byte[] _key;
    private readonly byte[] _circumstances;
    private readonly DateTimeOffset? _until;
    private readonly Lock _gate = new();
    private readonly List<Digest> _known = [];
    private DigestTable? _table;
    private int _stored;

    private VerdictMemo(string path, byte[] key, byte[] circumstances, DateTimeOffset? until)
    {
        _path = path;
        _key = key;
        _circumstances = circumstances;
        _until = until;
    }

    private static ReadOnlySpan<byte> Magic => "cairn-verdicts 1\n"u8;

    /// <summary>The memo in a file, which is read when it is first asked.</summary>
    /// <param name="path">The file, in the user's state.</param>
    /// <param name="key">The key of the MAC, which neither the project nor the store contains.</param>
    /// <param name="circumstances">What verdicts depend on besides the entry and the time.</param>
    /// <param name="now">The time of this run.</param>
    /// <param name="until">When verdicts cease to hold: the next moment at which a key begins or ceases to count; null for never.</param>
    public static VerdictMemo Open(string path, byte[] key, string circumstances, DateTimeOffset now, DateTimeOffset? until) =>
        new(path, key, SHA256.HashData(Encoding.UTF8.GetBytes(circumstances)), until) { Now = now };

    private DateTimeOffset Now { get; init; }

    /// <summary>Whether an entry with this checksum was found good.</summary>
    public bool Contains(Digest entry)
    {
        lock (_gate)
        {
            return Table()[entry] != 0;
        }
    }

    /// <summary>Notes an entry that is good.</summary>
    public void Add(Digest entry)
    {
        lock (_gate)
        {
            var table = Table();
            if (table[entry] == 0)
            {
                table[entry] = 1;
                _known.Add(entry);
            }
        }
    }

    /// <summary>Writes what was added, if anything was. Losing it costs time only; throws <see cref="IOException"/> where it cannot.</summary>
    public void Save()
    {
        lock (_gate)
        {
            if (_known.Count == _stored)
            {
                return;
            }

            // The newest ones, with room to grow.
            var first = Math.Max(0, _known.Count - Limits.VerdictsMax);
            var content = new byte[HeadBytes + ((_known.Count - first) * ItemBytes) + HashBytes];
            Magic.CopyTo(content);
            _circumstances.CopyTo(content, Magic.Length);
            BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(Magic.Length + HashBytes), Until(_until));
            for (var i = first; i < _known.Count; i++)
            {
                var item = content.AsSpan(HeadBytes + ((i - first) * ItemBytes), ItemBytes);
                _known[i].CopyHashTo(item);
                BinaryPrimitives.WriteInt64LittleEndian(item[HashBytes..], _known[i].SizeBytes);
            }

            HMACSHA256.HashData(_key, content.AsSpan(0, content.Length - HashBytes), content.AsSpan(content.Length - HashBytes));
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            DurableFile.Replace(_path, content, durable: false, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _stored = _known.Count;
        }
    }

    private static long Until(DateTimeOffset? until) => until?.ToUnixTimeMilliseconds() ?? long.MaxValue;

    private DigestTable Table()
    {
        if (_table is null)
        {
            _table = new DigestTable();
            Load(_table);
            _stored = _known.Count;
        }

        return _table;
    }

    private void Load(DigestTable table)
    {
        byte[] content;
        try
        {
            content = File.Exists(_path) ? File.ReadAllBytes(_path) : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return;
        }

        if (content.Length < HeadBytes + HashBytes || (content.Length - HeadBytes - HashBytes) % ItemBytes != 0 || !content.AsSpan().StartsWith(Magic))
        {
            return;
        }

        Span<byte> mac = stackalloc byte[HashBytes];
        var end = content.Length - HashBytes;
        HMACSHA256.HashData(_key, content.AsSpan(0, end), mac);
        var isCurrent = content.AsSpan(Magic.Length, HashBytes).SequenceEqual(_circumstances)
            && BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(Magic.Length + HashBytes)) is var until && until > Now.ToUnixTimeMilliseconds() && until == Until(_until);
        if (!isCurrent || !CryptographicOperations.FixedTimeEquals(mac, content.AsSpan(end)))
        {
            return;
        }

        for (var at = HeadBytes; at < end; at += ItemBytes)
        {
            var digest = new Digest(content.AsSpan(at, HashBytes), BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(at + HashBytes)));
            table[digest] = 1;
            _known.Add(digest);
        }
    }
}
