using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Trust.Keys;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Verification.Reading;

/// <summary>Reads <c>trust.yaml</c>. Every mistake is found at once; with one of them nothing of the file counts, since a store that is read in part trusts less or more than its owner meant.</summary>
public sealed partial class TrustFileReader
{
    /// <summary>The version of the format.</summary>
    public const int Version = 1;

    private const string PublicExample = "MCowBQYDK2VwAyEA…";
    private const string BuilderExample = "https://example.org/builders/ci";

    private readonly TrustBinder _binder;
    private readonly SourceText _source;
    private readonly Func<string, byte[]?> _file;
    private readonly List<TrustedKey> _keys = [];
    private readonly Dictionary<string, SourceSpan> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SourceSpan> _placesById = new(StringComparer.Ordinal);
    private readonly List<(Threshold Threshold, ImmutableArray<(string Text, SourceSpan Span)> Of, SourceSpan Span)> _thresholds = [];
    private readonly List<(KeyRotation Rotation, SourceSpan Span)> _rotations = [];
    private (string Name, SourceSpan Span)? _signWith;

    private TrustFileReader(SourceText source, Func<string, byte[]?> file, DiagnosticBag diagnostics)
    {
        _source = source;
        _file = file;
        _binder = new TrustBinder(diagnostics);
    }

    /// <summary>Reads; null after mistakes, which are added.</summary>
    /// <param name="source">The file's text.</param>
    /// <param name="file">The content of a file that it names, relative to its own folder; null where it cannot be had.</param>
    /// <param name="diagnostics">Takes the mistakes.</param>
    public static TrustFile? Read(SourceText source, Func<string, byte[]?> file, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(diagnostics);
        var found = new DiagnosticBag();
        var read = YamlReader.Read(source, found) is { } root ? new TrustFileReader(source, file, found).Read(root) : null;
        foreach (var diagnostic in found.ToSorted())
        {
            diagnostics.Add(diagnostic);
        }

        return found.HasErrors ? null : read;
    }

    private TrustFile? Read(Node root)
    {
        if (root is not MappingNode mapping)
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"A trust store is a mapping, but this is {root.KindName}", root.Span, $"Begin it with `version: {Version}`");
            return null;
        }

        var version = default(int?);
        var hasVersion = false;
        _binder.Members(
            mapping,
            "a trust store",
            new TrustMember("version", "1", entry => (hasVersion, version) = (true, _binder.Integer(entry, Version, Version, "1"))),
            new TrustMember("sign_with", "release", entry => _signWith = _binder.Text(entry, "the name of a key", "release") is { } name ? (name, entry.Value.Span) : null),
            new TrustMember("keys", "", ReadKeys),
            new TrustMember("thresholds", "", entry => Items(entry, ReadThreshold)),
            new TrustMember("rotations", "", entry => Items(entry, ReadRotation)),
            new TrustMember("logs", "", entry => Items(entry, ReadLog)),
            new TrustMember("witnesses", "", entry => Items(entry, ReadWitness)));
        if (!hasVersion)
        {
            _binder.Error(DiagnosticCodes.TrustMissing, "A trust store needs the key `version`", new SourceSpan(_source.Name, 1, 1, 1, 1), $"Begin it with `version: {Version}`");
        }

        ImmutableArray<string> listed = [.. _keys.Select(static key => key.Name)];
        ApplyRotations();
        var thresholds = CheckedThresholds();
        CheckSigner();
        CheckLogKeys();
        return version is null || _binder.Diagnostics.HasErrors ? null : new TrustFile(new TrustStore([.. _keys], thresholds) { Logs = new LogTrust([.. _logs], [.. _witnesses]) }, _signWith?.Name, listed);
    }

    /// <summary>The content of a file that is named with <c>file:</c>.</summary>
    private byte[]? Load(string path, SourceSpan span)
    {
        if (!TrustFileReferences.IsPath(path) || !_source.Text.Contains(TrustFileReferences.Scheme + path, StringComparison.Ordinal))
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, "This path cannot be used with `file:`", span, "Write it without escapes, from letters, digits and `._/~+@-`");
            return null;
        }

        var bytes = _file(path);
        if (bytes is null)
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"The file `{path}` cannot be read, or is too large", span, "Paths are relative to the folder of the trust store");
        }

        return bytes;
    }

    private void Items(MappingEntry entry, Action<Node> read)
    {
        if (entry.Value is ScalarNode { Type: ScalarType.Null })
        {
            return;
        }

        if (entry.Value is not SequenceNode list)
        {
            _ = _binder.Wrong(entry, entry.Value, "a list", "[]");
            return;
        }

        if (list.Items.Length > Limits.TrustRulesMax)
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"`{entry.Key.Text}` has at most {Limits.TrustRulesMax} entries", entry.Key.Span);
            return;
        }

        foreach (var item in list.Items)
        {
            read(item);
        }
    }

    private void ReadThreshold(Node node)
    {
        if (node is not MappingNode mapping)
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"A threshold is a mapping, but this is {node.KindName}", node.Span, "For example `{ projects: [web], signatures: 2, of: [anna, bert, carla] }`");
            return;
        }

        var threshold = new Threshold(1);
        ImmutableArray<(string Text, SourceSpan Span)> of = [];
        var hasCount = false;
        _binder.Members(
            mapping,
            "a threshold",
            new TrustMember("projects", "[web]", e => threshold = threshold with { Projects = _binder.Patterns(e, "[web]") }),
            new TrustMember("pipelines", "[release]", e => threshold = threshold with { Pipelines = _binder.Patterns(e, "[release]") }),
            new TrustMember("signatures", "2", e => (hasCount, threshold) = (true, threshold with { Signatures = _binder.Integer(e, 1, Limits.TrustedKeysMax, "2") ?? 1 })),
            new TrustMember("of", "[anna, bert]", e => of = _binder.Texts(e, "names of keys", "[anna, bert]")),
            new TrustMember("by", "owner", e => threshold = threshold with { ByOwner = ReadBy(e) }));
        var place = mapping.Entries.IsEmpty ? node.Span : mapping.Entries[0].Key.Span;
        if (!hasCount)
        {
            _binder.Error(DiagnosticCodes.TrustMissing, "A threshold needs `signatures`", place, "Add `signatures: 2`");
        }

        _thresholds.Add((threshold, of, place));
    }

    private bool ReadBy(MappingEntry entry)
    {
        var word = _binder.Text(entry, "`key` or `owner`", "owner");
        if (word is not (null or "key" or "owner"))
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"`by` takes `key` or `owner`, not `{word}`", entry.Value.Span, "With `owner`, keys of one owner count once");
        }

        return word == "owner";
    }

    private ImmutableArray<Threshold> CheckedThresholds()
    {
        var checkedOnes = ImmutableArray.CreateBuilder<Threshold>(_thresholds.Count);
        foreach (var (threshold, of, span) in _thresholds)
        {
            foreach (var (name, place) in of)
            {
                if (!_places.ContainsKey(name))
                {
                    UnknownKey(name, place);
                }
            }

            var complete = threshold with { Of = [.. of.Select(static name => name.Text).Distinct(StringComparer.Ordinal)] };
            var able = complete.Count(_keys);
            if (!_binder.Diagnostics.HasErrors && able < complete.Signatures)
            {
                _binder.Error(DiagnosticCodes.TrustThresholdTooHigh, $"This threshold asks for {complete.Signatures} {(complete.ByOwner ? "owners" : "keys")}, and {(able == 0 ? "none" : $"only {able}")} can meet it", span, "Lower `signatures`, or add keys");
            }

            checkedOnes.Add(complete);
        }

        return checkedOnes.DrainToImmutable();
    }

    private void CheckSigner()
    {
        if (_signWith is var (name, span) && !KeyNames.IsName(name))
        {
            _binder.Error(DiagnosticCodes.TrustBadValue, $"`{name}` cannot be the name of a key", span, KeyNames.Rule);
        }
    }

    private void UnknownKey(string name, SourceSpan span)
    {
        var nearest = Suggestions.Nearest(name, _places.Keys);
        _binder.Error(DiagnosticCodes.TrustUnknownKey, $"There is no key `{name}` in this trust store", span, nearest is null ? $"Add it to `keys`: `cairn keys trust FILE --name {name}`" : $"Did you mean `{nearest}`?");
    }
}
