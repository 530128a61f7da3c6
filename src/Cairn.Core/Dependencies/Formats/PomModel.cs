using System.Text;

namespace Cairn.Core.Dependencies.Formats;

/// <summary>A pom with its parents as far as they lie in the working tree: inherited dependencies, managed versions, properties.</summary>
internal sealed class PomModel
{
    private const int ParentsMax = 32;
    private const int PropertyDepthMax = 16;
    private const int ValueCharsMax = 1_024;

    /// <summary>The pom itself, its parent, and so on.</summary>
    private readonly List<PomElement> _line = [];

    private readonly Dictionary<string, string> _properties = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PomElement> _managed = new(StringComparer.Ordinal);

    public PomModel(PomFiles poms, LockReading reading, PomElement pom)
    {
        (PomElement Pom, LockFile File)? next = (pom, reading.File);
        while (next is var (at, file) && _line.Count < ParentsMax)
        {
            _line.Add(at);
            next = poms.ParentOf(reading, at, file);
        }

        var own = pom.Child("parent");
        GroupId = pom.Text("groupId") ?? own?.Text("groupId");
        Version = pom.Text("version") ?? own?.Text("version");
        foreach (var element in _line)
        {
            foreach (var property in element.Child("properties")?.Children ?? [])
            {
                _properties.TryAdd(property.Name, property.Value);
            }
        }

        foreach (var prefix in (string[])["project.", "pom.", ""])
        {
            Set(prefix + "groupId", GroupId);
            Set(prefix + "version", Version);
            Set(prefix + "artifactId", pom.Text("artifactId"));
            Set(prefix + "parent.version", own?.Text("version"));
            Set(prefix + "parent.groupId", own?.Text("groupId"));
        }

        GroupId = GroupId is null ? null : Expand(GroupId);
        Version = Version is null ? null : Expand(Version);
        foreach (var element in _line)
        {
            foreach (var managed in element.Child("dependencyManagement")?.Child("dependencies")?.Children ?? [])
            {
                if (managed.Name == "dependency" && Value(managed, "groupId") is { } group && Value(managed, "artifactId") is { } artifact)
                {
                    _managed.TryAdd(Key(group, artifact, Value(managed, "type"), Value(managed, "classifier")), managed);
                }
            }
        }
    }

    public string? GroupId { get; }

    public string? Version { get; }

    /// <summary>The pom's dependencies and those it inherits.</summary>
    public IEnumerable<PomElement> Dependencies()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in _line)
        {
            foreach (var dependency in element.Child("dependencies")?.Children ?? [])
            {
                if (dependency.Name == "dependency"
                    && (ReferenceEquals(element, _line[0]) || seen.Add(Key(Value(dependency, "groupId"), Value(dependency, "artifactId"), Value(dependency, "type"), Value(dependency, "classifier")))))
                {
                    yield return dependency;
                }
            }
        }
    }

    /// <summary>What <c>dependencyManagement</c> says of a dependency.</summary>
    public PomElement? Managed(string group, string artifact, string? type, string? classifier) => _managed.GetValueOrDefault(Key(group, artifact, type, classifier));

    /// <summary>The text of a child with its properties put in; null where there is none.</summary>
    public string? Value(PomElement element, string name) => element.Text(name) is { Length: > 0 } text ? Expand(text) : null;

    private static string Key(string? group, string? artifact, string? type, string? classifier) => $"{group}:{artifact}:{type ?? "jar"}:{classifier}";

    private void Set(string name, string? value)
    {
        if (value is not null)
        {
            _properties[name] = value;
        }
    }

    /// <summary>Puts properties in. What is unknown, too deep or too long stays as it is written.</summary>
    private string Expand(string text)
    {
        for (var depth = 0; depth < PropertyDepthMax && text.Length <= ValueCharsMax && text.Contains("${", StringComparison.Ordinal); depth++)
        {
            var result = new StringBuilder();
            var changed = false;
            var at = 0;
            while (text.IndexOf("${", at, StringComparison.Ordinal) is >= 0 and var open && text.IndexOf('}', open) is > 0 and var close)
            {
                result.Append(text, at, open - at);
                var isKnown = _properties.TryGetValue(text[(open + 2)..close], out var value);
                changed |= isKnown;
                result.Append(isKnown ? value : text[open..(close + 1)]);
                at = close + 1;
            }

            if (!changed)
            {
                break;
            }

            text = result.Append(text, at, text.Length - at).ToString();
        }

        return text;
    }
}
