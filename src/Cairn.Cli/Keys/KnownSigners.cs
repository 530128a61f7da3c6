using Cairn.Store.Keys;
using Cairn.Trust.Envelopes;

namespace Cairn.Cli.Keys;

/// <summary>Whose signature an envelope has, as far as the user's folder of keys knows. Whether that key is trusted is another question: <c>cairn verify</c> answers it.</summary>
internal sealed class KnownSigners
{
    private const int ShownIdChars = 16;

    private readonly List<StoredKey> _keys = [];

    public KnownSigners(string? keysDirectory)
    {
        if (keysDirectory is null)
        {
            return;
        }

        var folder = new KeyFolder(keysDirectory);
        foreach (var name in folder.Names())
        {
            try
            {
                if (folder.Find(name) is { } key)
                {
                    _keys.Add(key);
                }
            }
            catch (KeyFileException)
            {
                // One that cannot be read signs nothing that could be known.
            }
        }
    }

    /// <summary>The name of the key that signed; null where none of the folder did.</summary>
    public string? NameOf(Envelope envelope)
    {
        foreach (var key in _keys)
        {
            if (envelope.FindSignatureOf(key.PublicKey) is not null)
            {
                return key.Name;
            }
        }

        return null;
    }

    /// <summary>The same for people; of a key that is not known what the envelope says it is.</summary>
    public string Describe(Envelope envelope)
    {
        if (NameOf(envelope) is { } name)
        {
            return name;
        }

        var id = envelope.Signatures[0].KeyId;
        return id.Length == 0 ? "an unknown key" : $"an unknown key, {(id.Length > ShownIdChars ? id[..ShownIdChars] + "…" : id)}";
    }
}
