using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>Writes a key store of Java's own format, version 2, that holds nothing but certificates that are trusted: a function of these, without the time of its making.</summary>
internal sealed class JavaKeyStore
{
    private const uint Magic = 0xfeedfeed;
    private const int Version = 2;
    private const int Trusted = 2;

    // What everyone opens the store with: it guards nothing.
    private const string Password = "changeit";
    private const string Salt = "Mighty Aphrodite";

    private readonly SortedDictionary<string, byte[]> _certificates = new(StringComparer.Ordinal);

    /// <summary>Adds a certificate by its name, which Java reads without regard to case; of one name the first counts.</summary>
    public void Add(string name, byte[] certificate) => _ = _certificates.TryAdd(name.ToLowerInvariant(), certificate);

    /// <summary>Writes the store.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "The format's own checksum; nothing relies on it")]
    public byte[] ToBytes()
    {
        var store = new MemoryStream();
        WriteInt(store, unchecked((int)Magic));
        WriteInt(store, Version);
        WriteInt(store, _certificates.Count);
        foreach (var (name, certificate) in _certificates)
        {
            WriteInt(store, Trusted);
            WriteText(store, name);

            // When it was added: 1970.
            WriteInt(store, 0);
            WriteInt(store, 0);
            WriteText(store, "X.509");
            WriteInt(store, certificate.Length);
            store.Write(certificate);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.BigEndianUnicode.GetBytes(Password));
        hash.AppendData(Encoding.UTF8.GetBytes(Salt));
        hash.AppendData(store.GetBuffer().AsSpan(0, (int)store.Length));
        store.Write(hash.GetHashAndReset());
        return store.ToArray();
    }

    private static void WriteInt(MemoryStream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        stream.Write(bytes);
    }

    // Java's own kind of UTF-8 differs from it for NUL and beyond the first plane only.
    private static void WriteText(MemoryStream stream, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)bytes.Length));
        stream.Write(length);
        stream.Write(bytes);
    }
}
