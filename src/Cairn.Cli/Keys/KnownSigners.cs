using Cairn.Engine.Trust;
using Cairn.Store.Keys;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Keys;

namespace Cairn.Cli.Keys;

/// <summary>Whose signature an envelope has, as far as the user's folder of keys and trust store know. Whether that key is trusted is another question: <c>cairn verify</c> answers it.</summary>
internal sealed class KnownSigners
{
    private const int ShownIdChars = 16;

    private readonly List<(string Name, VerificationKey Key)> _keys = [];

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
                    _keys.Add((name, key.PublicKey));
                }
            }
            catch (KeyFileException)
            {
                // One that cannot be read signs nothing that could be known.
            }
        }

        foreach (var key in TrustFiles.Load(keysDirectory).Store.Keys)
        {
            _keys.Add((key.Name, key.Key));
        }
    }

    /// <summary>The name of the key that signed; null where none of these did.</summary>
    public string? NameOf(Envelope envelope)
    {
        foreach (var (name, key) in _keys)
        {
            if (envelope.FindSignatureOf(key) is not null)
            {
                return name;
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
