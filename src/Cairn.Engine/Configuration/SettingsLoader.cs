using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Engine.Handlers;

namespace Cairn.Engine.Configuration;

/// <summary>Reads the configuration of a user and a project, collecting every mistake.</summary>
public static class SettingsLoader
{
    private const int FileBytesMax = 1 << 20;
    private const string HandlersKey = "handlers";

    /// <summary>The user's file: <c>$XDG_CONFIG_HOME/cairn/config.yaml</c>, or below <c>~/.config</c>; null where there is no home.</summary>
    /// <param name="variable">Looks up a variable of the caller's environment.</param>
    public static string? UserPath(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);

        return UserFolders.Config(variable) is { } folder ? Path.Combine(folder, "config.yaml") : null;
    }

    /// <summary>The project's file: <c>.cairn/config.yaml</c>.</summary>
    public static string ProjectPath(string projectDirectory) => Path.Combine(projectDirectory, ".cairn", "config.yaml");

    /// <summary>Whether there is any configuration; otherwise <see cref="Settings.Default"/> holds.</summary>
    public static bool Exist(string? userPath, string projectPath) => File.Exists(projectPath) || (userPath is not null && File.Exists(userPath));

    /// <summary>The merged settings. After errors, those that were right.</summary>
    public static Settings Load(string? userPath, string projectPath, DiagnosticBag diagnostics) => LoadWithOrigins(userPath, projectPath, diagnostics).Settings;

    /// <summary>The merged settings and where each value comes from.</summary>
    public static LoadedSettings LoadWithOrigins(string? userPath, string projectPath, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(projectPath);
        ArgumentNullException.ThrowIfNull(diagnostics);
        var merge = new Merge(diagnostics);
        if (userPath is not null)
        {
            merge.File(userPath, SettingLevel.User);
        }

        merge.File(projectPath, SettingLevel.Project);
        return merge.ToResult();
    }

    /// <summary>The user's own settings, whatever a project says.</summary>
    public static LoadedSettings LoadUser(string? userPath, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(diagnostics);
        var merge = new Merge(diagnostics);
        if (userPath is not null)
        {
            merge.File(userPath, SettingLevel.User);
        }

        return merge.ToResult();
    }

    /// <summary>Reads a configuration file; null where there is none or it cannot be read.</summary>
    internal static SourceText? ReadSource(string path, DiagnosticBag diagnostics)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            var bytes = File.ReadAllBytes(path);
            if (bytes.Length <= FileBytesMax)
            {
                return YamlReader.Decode(path, bytes, diagnostics);
            }

            diagnostics.Error(DiagnosticCodes.ConfigurationUnreadable, $"The configuration `{path}` is larger than 1 MiB", SourceSpan.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.Error(
                DiagnosticCodes.ConfigurationUnreadable,
                $"The configuration `{path}` cannot be read{(e is UnauthorizedAccessException ? ": permission denied" : "")}",
                SourceSpan.None);
        }

        return null;
    }

    /// <summary>Parses a configuration; null where it is empty or wrong.</summary>
    internal static MappingNode? Parse(SourceText source, DiagnosticBag diagnostics)
    {
        if (IsEmpty(source.Text))
        {
            return null;
        }

        switch (YamlReader.Read(source, diagnostics))
        {
            case MappingNode mapping:
                return mapping;
            case { } other:
                diagnostics.Error(DiagnosticCodes.ConfigurationNotMapping, $"The configuration must be a mapping, not {other.KindName}", other.Span, "write `run:` and below it, indented, `max_parallel: 4`");
                return null;
            case null:
                return null;
        }
    }

    private static bool IsEmpty(string text)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var content = line.Trim();
            if (!content.IsEmpty && content[0] != '#')
            {
                return false;
            }
        }

        return true;
    }

    private sealed class Merge(DiagnosticBag diagnostics)
    {
        private readonly Dictionary<string, (string Text, SettingLevel Level)> _set = new(StringComparer.Ordinal);
        private readonly ImmutableDictionary<string, SourceText>.Builder _sources = ImmutableDictionary.CreateBuilder<string, SourceText>(StringComparer.Ordinal);
        private Settings _settings = Settings.Default;

        public void File(string path, SettingLevel level)
        {
            if (ReadSource(path, diagnostics) is not { } source)
            {
                return;
            }

            _sources[source.Name] = source;
            if (Parse(source, diagnostics) is { } root)
            {
                Mapping(root, prefix: "", level);
            }
        }

        public LoadedSettings ToResult()
        {
            var values = ImmutableArray.CreateBuilder<SettingValue>(SettingKeys.All.Length);
            foreach (var key in SettingKeys.All)
            {
                values.Add(_set.TryGetValue(key.Name, out var set) ? new SettingValue(key, set.Text, set.Level) : new SettingValue(key, key.DefaultText, SettingLevel.Default));
            }

            return new LoadedSettings(_settings, values.MoveToImmutable(), _sources.ToImmutable());
        }

        private void Mapping(MappingNode mapping, string prefix, SettingLevel level)
        {
            foreach (var (key, value) in mapping.Entries)
            {
                var name = prefix + key.Text;
                switch (value)
                {
                    case var node when name == HandlersKey:
                        Handlers(key, node, level);
                        break;
                    case MappingNode section when prefix.Length == 0 && IsSection(name):
                        Mapping(section, name + ".", level);
                        break;
                    case ScalarNode { Type: ScalarType.Null } when SettingKeys.Find(name) is not null || (prefix.Length == 0 && IsSection(name)):
                        break;
                    case ScalarNode scalar when SettingKeys.Find(name) is { } known:
                        Scalar(known, key, scalar, level);
                        break;
                    default:
                        Wrong(name, key, value);
                        break;
                }
            }
        }

        private void Handlers(ScalarNode key, Node node, SettingLevel level)
        {
            if (level == SettingLevel.Project)
            {
                diagnostics.Error(
                    DiagnosticCodes.ConfigurationWrongLevel,
                    $"`{HandlersKey}` is a matter of the user, not of a project: handlers run commands and send data away",
                    key.Span,
                    "take it out here and write it into ~/.config/cairn/config.yaml; `pipelines` of a handler says of which pipelines it is told");
                return;
            }

            _settings = _settings with { Handlers = new HandlerReader(diagnostics, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)).Read(node) };
        }

        private void Scalar(SettingKey key, ScalarNode keyNode, ScalarNode value, SettingLevel level)
        {
            if (key.UserOnly && level == SettingLevel.Project)
            {
                diagnostics.Error(
                    DiagnosticCodes.ConfigurationWrongLevel,
                    $"`{key.Name}` is a matter of the user, not of a project",
                    keyNode.Span,
                    $"take it out here and set it with `cairn config set --user {key.Name} {value.Text}`");
            }
            else if (key.TryApply(_settings, value.Text, out var changed, out var error))
            {
                _settings = changed;
                _set[key.Name] = (value.Text, level);
            }
            else
            {
                var nearest = Suggestions.Nearest(value.Text, key.Choices);
                diagnostics.Error(DiagnosticCodes.ConfigurationBadValue, error, value.Span, nearest is null ? null : $"did you mean `{nearest}`?");
            }
        }

        private void Wrong(string name, ScalarNode key, Node value)
        {
            if (SettingKeys.Find(name) is { } known)
            {
                diagnostics.Error(DiagnosticCodes.ConfigurationBadValue, $"`{name}` takes {known.TypeText}, not {value.KindName}", value.Span);
            }
            else if (IsSection(name))
            {
                diagnostics.Error(DiagnosticCodes.ConfigurationBadValue, $"`{name}` is a section and takes a mapping, not {value.KindName}", value.Span);
            }
            else
            {
                diagnostics.Error(DiagnosticCodes.ConfigurationUnknownKey, $"There is no setting `{name}`", key.Span, Hint(name));
            }
        }

        private static bool IsSection(string name)
        {
            foreach (var key in SettingKeys.All)
            {
                if (key.Name.Length > name.Length && key.Name[name.Length] == '.' && key.Name.StartsWith(name, StringComparison.Ordinal))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>What to say about a key that does not exist.</summary>
    public static string Hint(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var candidates = new List<string> { HandlersKey };
        foreach (var key in SettingKeys.All)
        {
            candidates.Add(key.Name);
            var dot = key.Name.IndexOf('.', StringComparison.Ordinal);
            if (dot > 0 && !name.Contains('.', StringComparison.Ordinal))
            {
                if (key.Name.AsSpan(dot + 1).SequenceEqual(name))
                {
                    return $"did you mean `{key.Name}`?";
                }

                candidates.Add(key.Name[..dot]);
            }
        }

        return Suggestions.Nearest(name, candidates) is { } nearest ? $"did you mean `{nearest}`?" : "`cairn config list` shows all settings";
    }
}
