using System.Collections.Immutable;
using System.Text;

using Cairn.Trust.Json;
using Cairn.Trust.Keys;
using Cairn.Trust.Notes;

namespace Cairn.Store.Log;

/// <summary>A key of a log.</summary>
/// <param name="file">What its private key is called in the folder of keys.</param>
/// <param name="text">The verifier key as text: each run compares it, and only who checks a signature looks whether it is one.</param>
public sealed class LogKey(string file, string text)
{
    private NoteVerifier? _key;

    /// <summary>A key that was made, or read.</summary>
    public LogKey(string file, NoteVerifier key)
        : this(file, (key ?? throw new ArgumentNullException(nameof(key))).ToString()) => _key = key;

    /// <summary>What its private key is called in the folder of keys.</summary>
    public string File { get; } = file;

    /// <summary>The verifier key as text.</summary>
    public string Text { get; } = text;

    /// <summary>How others check its signatures. Throws <see cref="LogException"/> where the text is none.</summary>
    public NoteVerifier Key => _key ??= NoteVerifier.TryParse(Text, out var problem) ?? throw new LogException(LogProblem.Corrupt, $"`{LogSettings.FileName}` of the log has a key that is none: {problem}", "Put it back from a copy");

    /// <summary>The signer with a private key; null where that is another key.</summary>
    public NoteSigner? TrySignWith(SigningKey key)
    {
        var plus = Text.IndexOf('+', StringComparison.Ordinal);
        return plus > 0 && NoteSignature.IsName(Text[..plus]) && NoteSigner.Of(Text[..plus], key) is var signer && string.Equals(signer.Verifier.ToString(), Text, StringComparison.Ordinal) ? signer : null;
    }
}

/// <summary>What a log is called and who signs for it: <c>log.json</c> in its folder. Whoever can write that can also write the log.</summary>
/// <param name="Origin">The first line of its checkpoints.</param>
/// <param name="Keys">The keys that sign checkpoints, the newest first.</param>
public sealed record LogSettings(string Origin, ImmutableArray<LogKey> Keys)
{
    /// <summary>The file.</summary>
    public const string FileName = "log.json";

    private const int Version = 1;
    private const int BytesMax = 64 << 10;

    /// <summary>The name of its keys: the origin up to its first space.</summary>
    public string Name => Origin.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space ? Origin[..space] : Origin;

    /// <summary>Reads the file; null, with the reason, where it is none.</summary>
    public static LogSettings? TryRead(ReadOnlySpan<byte> json, out string? problem)
    {
        if (TryReadOwn(json) is { } own)
        {
            problem = null;
            return own;
        }

        problem = "it is not what Cairn writes";
        if (json.Length > BytesMax || StrictJson.TryRead(json, out problem) is not JsonValue.Object settings)
        {
            return null;
        }

        problem = "it is not what Cairn writes";
        if (settings["version"] is not JsonValue.Number { Value: Version } || settings.TextOf("origin") is not { Length: > 0 } origin || settings["keys"] is not JsonValue.List { Items.Length: > 0 } list)
        {
            return null;
        }

        var keys = ImmutableArray.CreateBuilder<LogKey>(list.Items.Length);
        foreach (var item in list.Items)
        {
            if (item is not JsonValue.Object key || key.TextOf("file") is not { } file || key.TextOf("key") is not { } text)
            {
                return null;
            }

            keys.Add(new LogKey(file, text));
        }

        problem = null;
        return new LogSettings(origin, keys.MoveToImmutable());
    }

    /// <summary>
    /// Reads what <see cref="ToJson"/> writes, byte for byte; null for everything else. Each run reads this file, and the general reader is
    /// compiled anew by each process that uses it, which takes longer than the rest of an append.
    /// </summary>
    private static LogSettings? TryReadOwn(ReadOnlySpan<byte> json)
    {
        if (!Take(ref json, "{\"keys\":["u8))
        {
            return null;
        }

        var keys = ImmutableArray.CreateBuilder<LogKey>();
        do
        {
            if (!Take(ref json, "{\"file\":"u8) || TakeText(ref json) is not { } file || !Take(ref json, ",\"key\":"u8) || TakeText(ref json) is not { } text || !Take(ref json, "}"u8))
            {
                return null;
            }

            keys.Add(new LogKey(file, text));
        }
        while (Take(ref json, ","u8));

        return Take(ref json, "],\"origin\":"u8) && TakeText(ref json) is { Length: > 0 } origin && json.SequenceEqual(",\"version\":1}\n"u8) ? new LogSettings(origin, keys.DrainToImmutable()) : null;
    }

    private static bool Take(ref ReadOnlySpan<byte> json, ReadOnlySpan<byte> expected)
    {
        if (!json.StartsWith(expected))
        {
            return false;
        }

        json = json[expected.Length..];
        return true;
    }

    /// <summary>A text of visible ASCII in which nothing is escaped; null where it is another one.</summary>
    private static string? TakeText(ref ReadOnlySpan<byte> json)
    {
        if (!Take(ref json, "\""u8))
        {
            return null;
        }

        for (var i = 0; i < json.Length && json[i] is >= (byte)' ' and <= (byte)'~' and not (byte)'\\'; i++)
        {
            if (json[i] == '"')
            {
                var text = Encoding.ASCII.GetString(json[..i]);
                json = json[(i + 1)..];
                return text;
            }
        }

        return null;
    }

    /// <summary>The file.</summary>
    public byte[] ToJson()
    {
        var keys = ImmutableArray.CreateBuilder<JsonValue>(Keys.Length);
        foreach (var key in Keys)
        {
            keys.Add(new JsonObjectBuilder().Add("file", key.File).Add("key", key.Text).Build());
        }

        return [.. CanonicalJson.Write(new JsonObjectBuilder().Add("version", Version).Add("origin", Origin).Add("keys", new JsonValue.List(keys.MoveToImmutable())).Build()), (byte)'\n'];
    }
}
