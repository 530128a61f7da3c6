using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Tests.Toolchains;

/// <summary>An OpenPGP key that signs texts, made without any program: only what checks signatures is under test.</summary>
internal sealed class TestSigner : IDisposable
{
    private const byte RsaAlgorithm = 1;
    private const byte Sha256 = 8;
    private readonly RSA _key = RSA.Create(2048);
    private readonly byte[] _public;
    private readonly DateTimeOffset _created;

    /// <param name="created">When the key was made.</param>
    /// <param name="lifetime">After which it expires; null for never.</param>
    public TestSigner(DateTimeOffset created, TimeSpan? lifetime = null)
    {
        _created = created;
        var parameters = _key.ExportParameters(includePrivateParameters: false);
        _public = [4, .. Time(created), RsaAlgorithm, .. Number(parameters.Modulus!), .. Number(parameters.Exponent!)];
        byte[] user = [.. "Test archive <test@example.org>"u8];
        byte[] expiry = lifetime is { } time ? [5, 9, .. Big((uint)time.TotalSeconds)] : [];
        byte[] certified = [0x99, .. Big((ushort)_public.Length), .. _public, 0xb4, .. Big((uint)user.Length), .. user];
        Keyring = [.. Packet(6, _public), .. Packet(13, user), .. Packet(2, Sign(0x13, created, certified, [2, 27, 0x03, .. expiry]))];
    }

    /// <summary>The public key as a file of keys.</summary>
    public byte[] Keyring { get; }

    /// <summary>The fingerprint.</summary>
    public string Fingerprint => Convert.ToHexString(FingerprintBytes);

    private byte[] FingerprintBytes
    {
        get
        {
            byte[] hashed = [0x99, .. Big((ushort)_public.Length), .. _public];
#pragma warning disable CA5350 // OpenPGP names keys so.
            return SHA1.HashData(hashed);
#pragma warning restore CA5350
        }
    }

    /// <summary>The public key in armour.</summary>
    public string Armoured => Armour("PUBLIC KEY BLOCK", Keyring);

    /// <summary>A text with its signature around it, as <c>InRelease</c> is.</summary>
    public string SignText(string text, DateTimeOffset? at = null)
    {
        var lines = text.TrimEnd('\n').Split('\n').Select(static l => l.TrimEnd(' ', '\t'));
        var signature = Sign(0x01, at ?? _created, Encoding.UTF8.GetBytes(string.Join("\r\n", lines)), []);
        var escaped = string.Join('\n', text.TrimEnd('\n').Split('\n').Select(static l => l.StartsWith('-') ? "- " + l : l));
        return $"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{escaped}\n{Armour("SIGNATURE", Packet(2, signature))}";
    }

    /// <summary>The signature of a file, in a file of its own.</summary>
    public byte[] SignFile(byte[] content) => Packet(2, Sign(0x00, _created, content, []));

    public void Dispose() => _key.Dispose();

    private byte[] Sign(byte type, DateTimeOffset at, byte[] content, byte[] subpackets)
    {
        byte[] hashedSubpackets = [5, 2, .. Time(at), 22, 33, 4, .. FingerprintBytes, .. subpackets];
        byte[] head = [4, type, RsaAlgorithm, Sha256, .. Big((ushort)hashedSubpackets.Length), .. hashedSubpackets];
        var hash = SHA256.HashData([.. content, .. head, 4, 0xff, .. Big((uint)head.Length)]);
        byte[] issuer = [9, 16, .. FingerprintBytes[^8..]];
        return [.. head, .. Big((ushort)issuer.Length), .. issuer, hash[0], hash[1], .. Number(_key.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))];
    }

    private static byte[] Packet(byte tag, byte[] body) => [(byte)(0xc0 | tag), 0xff, .. Big((uint)body.Length), .. body];

    private static byte[] Number(byte[] value)
    {
        // One of 256 signatures begins with a zero, which a number in OpenPGP must not.
        value = [.. value.SkipWhile(static b => b == 0)];
        var bits = (value.Length * 8) - byte.LeadingZeroCount(value[0]);
        return [.. Big((ushort)bits), .. value];
    }

    private static byte[] Time(DateTimeOffset time) => Big((uint)time.ToUnixTimeSeconds());

    private static byte[] Big(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Big(ushort value) => [(byte)(value >> 8), (byte)value];

    private static string Armour(string kind, byte[] content)
    {
        var crc = 0xb704ceu;
        foreach (var item in content)
        {
            crc ^= (uint)item << 16;
            for (var i = 0; i < 8; i++)
            {
                crc = (crc & 0x800000) != 0 ? (crc << 1) ^ 0x1864cfb : crc << 1;
            }
        }

        var lines = string.Join('\n', Convert.ToBase64String(content).Chunk(64).Select(static c => new string(c)));
        return $"-----BEGIN PGP {kind}-----\n\n{lines}\n={Convert.ToBase64String([(byte)(crc >> 16), (byte)(crc >> 8), (byte)crc])}\n-----END PGP {kind}-----\n";
    }
}
