namespace Cairn.Trust;

/// <summary>All limits of this assembly; each name ends in its unit.</summary>
public static partial class Limits
{
    /// <summary>The largest key file that is read.</summary>
    public const int KeyFileBytesMax = 16 << 10;

    /// <summary>A key's name, in characters.</summary>
    public const int KeyNameCharactersMax = 64;

    /// <summary>Rounds of PBKDF2 for a key that is written encrypted (OWASP's figure for HMAC-SHA-256).</summary>
    public const int PassphraseRoundsMin = 600_000;

    /// <summary>The most rounds that a key file may ask for: about ten seconds.</summary>
    public const int PassphraseRoundsMax = 20_000_000;

    /// <summary>The memory that a key file may ask for with scrypt; OpenSSL writes 16 MiB.</summary>
    public const int ScryptMemoryBytesMax = 256 << 20;

    /// <summary>The product of scrypt's cost, block size and parallelism: about ten seconds.</summary>
    public const long ScryptWorkMax = 1L << 26;

    /// <summary>The largest envelope that is read. A statement of 100,000 outputs has about 20 MiB.</summary>
    public const int EnvelopeBytesMax = 64 << 20;

    /// <summary>How deep objects and lists may stand in each other in signed JSON.</summary>
    public const int JsonDepthMax = 32;

    /// <summary>Values, names among them, in a signed document.</summary>
    public const int JsonValuesMax = 4_000_000;

    /// <summary>Signatures in an envelope of others; our own has one.</summary>
    public const int SignaturesMax = 16;

    /// <summary>Subjects of a statement.</summary>
    public const int SubjectsMax = 1_000_000;

    /// <summary>The largest payload type, key id or name of a subject, in characters.</summary>
    public const int NameCharactersMax = 4_096;

    /// <summary>A pattern over names of projects, pipelines or steps, in characters.</summary>
    public const int PatternCharactersMax = 256;

    /// <summary>Wildcards of such a pattern.</summary>
    public const int PatternWildcardsMax = 32;

    /// <summary>The beginning of a key id that may stand for it, in characters.</summary>
    public const int KeyIdCharactersMin = 8;

    /// <summary>The largest trust store that is read.</summary>
    public const int TrustFileBytesMax = 1 << 20;

    /// <summary>Keys of a trust store.</summary>
    public const int TrustedKeysMax = 1_000;

    /// <summary>Thresholds of a trust store, and rotation statements.</summary>
    public const int TrustRulesMax = 1_000;

    /// <summary>Entries of a list in a trust store.</summary>
    public const int TrustListItemsMax = 256;

    /// <summary>The largest rotation statement that is read.</summary>
    public const int RotationBytesMax = 16 << 10;

    /// <summary>The largest signed note that is read: signatures of the post-quantum kinds have nearly 5 kB each.</summary>
    public const int NoteBytesMax = 256 << 10;

    /// <summary>Signatures of a note. The specification wants 16 at least.</summary>
    public const int NoteSignaturesMax = 100;

    /// <summary>A key's name in a note, and the origin of a checkpoint, in characters.</summary>
    public const int NoteNameCharactersMax = 256;

    /// <summary>Extension lines of a checkpoint.</summary>
    public const int CheckpointExtensionsMax = 16;

    /// <summary>Hashes of a proof that is read: a tree of 2⁶² leaves needs no more for consistency.</summary>
    public const int ProofHashesMax = 64;

    /// <summary>The largest proof that is read.</summary>
    public const int TlogProofBytesMax = NoteBytesMax + (8 << 10);
}
