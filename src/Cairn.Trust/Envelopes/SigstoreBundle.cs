using System.Collections.Immutable;

using Cairn.Trust.Json;

namespace Cairn.Trust.Envelopes;

/// <summary>How a bundle says which key signed.</summary>
public enum BundleKey
{
    /// <summary>By a hint, which names a key that the reader knows. The hint is no evidence.</summary>
    Hint,

    /// <summary>By a certificate of a certificate authority such as Fulcio, which nobody here trusts.</summary>
    Certificate,
}

/// <summary>A signature over the bytes of an artifact, without a statement.</summary>
/// <param name="Sha256">The hash of the artifact, as the bundle has it; 64 lower-case hex digits.</param>
/// <param name="Signature">The signature.</param>
public sealed record MessageSignature(string Sha256, ImmutableArray<byte> Signature);

/// <summary>A Sigstore bundle (versions 0.1 to 0.3): what somebody signed, and what helps to check it.</summary>
public sealed record SigstoreBundle
{
    private const string MediaTypeHead = "application/vnd.dev.sigstore.bundle";

    /// <summary>The media type of version 0.3, which Cairn writes.</summary>
    public const string MediaType = MediaTypeHead + ".v0.3+json";

    /// <summary>The signed document; null where <see cref="Message"/> is there.</summary>
    public Envelope? Envelope { get; init; }

    /// <summary>The signature over an artifact; null where <see cref="Envelope"/> is there.</summary>
    public MessageSignature? Message { get; init; }

    /// <summary>How it says which key signed.</summary>
    public required BundleKey Key { get; init; }

    /// <summary>The hint; empty where there is none.</summary>
    public string Hint { get; init; } = "";

    /// <summary>Its entries of transparency logs. Each is bound to what was signed, or the bundle would have been refused; whether a log has them is another question.</summary>
    public ImmutableArray<BundleLogEntry> LogEntries { get; init; } = [];

    /// <summary>Whether a JSON object says that it is a bundle.</summary>
    public static bool Is(JsonValue.Object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.TextOf("mediaType") is { } type && type.StartsWith(MediaTypeHead, StringComparison.Ordinal);
    }

    /// <summary>Reads a bundle; null where it is refused, with the reason.</summary>
    public static SigstoreBundle? TryRead(JsonValue value, out string? problem)
    {
        try
        {
            problem = null;
            return Read(value as JsonValue.Object ?? throw new FormatException("it is no object"));
        }
        catch (FormatException exception)
        {
            problem = exception.Message;
            return null;
        }
    }

    private static SigstoreBundle Read(JsonValue.Object bundle)
    {
        if (bundle.TextOf("mediaType") is not (MediaType or MediaTypeHead + "+json;version=0.1" or MediaTypeHead + "+json;version=0.2" or MediaTypeHead + "+json;version=0.3"))
        {
            throw new FormatException("its `mediaType` is that of no bundle of version 0.1 to 0.3");
        }

        var material = bundle["verificationMaterial"] as JsonValue.Object ?? throw Missing("verificationMaterial");
        var (key, hint) = KeyOf(material);
        var envelope = Found(bundle["dsseEnvelope"]) is { } dsse ? ReadEnvelope(dsse) : null;
        var message = Found(bundle["messageSignature"]) is { } signature ? ReadMessage(signature) : null;
        if (envelope is null == message is null)
        {
            throw new FormatException("it has not exactly one of `dsseEnvelope` and `messageSignature`");
        }

        return new SigstoreBundle { Envelope = envelope, Message = message, Key = key, Hint = hint, LogEntries = ReadEntries(material["tlogEntries"], envelope, message, hint) };
    }

    private static (BundleKey Key, string Hint) KeyOf(JsonValue.Object material)
    {
        var found = 0;
        foreach (var name in (ReadOnlySpan<string>)["publicKey", "certificate", "x509CertificateChain"])
        {
            found += Found(material[name]) is null ? 0 : 1;
        }

        if (found != 1)
        {
            throw new FormatException("its `verificationMaterial` has not exactly one of `publicKey`, `certificate` and `x509CertificateChain`");
        }

        if (Found(material["publicKey"]) is not { } publicKey)
        {
            return (BundleKey.Certificate, "");
        }

        // An empty hint is left out by those who write Protobuf's JSON.
        return (BundleKey.Hint, Found(publicKey["hint"]) is null ? publicKey.TextOf("hint") ?? "" : throw Missing("hint"));
    }

    private static Envelope ReadEnvelope(JsonValue.Object dsse)
    {
        var envelope = Envelope.TryRead(dsse, out var problem) ?? throw new FormatException(problem);
        return envelope.Signatures.Length == 1 ? envelope : throw new FormatException($"its envelope has {envelope.Signatures.Length} signatures, not one");
    }

    private static MessageSignature ReadMessage(JsonValue.Object value)
    {
        const int HashBytes = 32;
        var digest = value["messageDigest"] as JsonValue.Object ?? throw Missing("messageDigest");
        if (digest.TextOf("algorithm") is not "SHA2_256" || digest.TextOf("digest") is not { } text || StrictBase64.TryRead(text) is not { Length: HashBytes } hash)
        {
            throw new FormatException("its `messageDigest` is no `SHA2_256` in canonical base64");
        }

        return value.TextOf("signature") is { } encoded && StrictBase64.TryRead(encoded) is { Length: > 0 } signature
            ? new MessageSignature(Core.Content.Hex.Lower(hash.AsSpan()), signature)
            : throw Missing("signature");
    }

    private static ImmutableArray<BundleLogEntry> ReadEntries(JsonValue? entries, Envelope? envelope, MessageSignature? message, string hint)
    {
        if (entries is null or JsonValue.Null)
        {
            return [];
        }

        if (entries is not JsonValue.List { Items.Length: <= Limits.SignaturesMax } list)
        {
            throw new FormatException($"`tlogEntries` is not a list of at most {Limits.SignaturesMax}");
        }

        var read = ImmutableArray.CreateBuilder<BundleLogEntry>(list.Items.Length);
        foreach (var item in list.Items)
        {
            var entry = item as JsonValue.Object ?? throw Missing("tlogEntries");
            if ((entry.TextOf("canonicalizedBody") is { } text ? StrictBase64.TryRead(text) : null) is not { } body)
            {
                throw new FormatException("an entry of a log is not that of what was signed: it has no `canonicalizedBody`");
            }

            if (LogEntryBody.ProblemOf(body.AsSpan(), envelope, message, hint) is { } problem)
            {
                throw new FormatException($"an entry of a log is not that of what was signed: {problem}");
            }

            read.Add(BundleLogEntry.Read(entry, body));
        }

        return read.MoveToImmutable();
    }

    /// <summary>A member that is an object; null where it is not there.</summary>
    private static JsonValue.Object? Found(JsonValue? value) => value as JsonValue.Object;

    private static FormatException Missing(string name) => new($"`{name}` is missing or of another type");
}
