using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Language;

/// <summary>Everything that the files of a pipeline define, by name. A name is defined once.</summary>
internal sealed class Definitions(DiagnosticBag diagnostics)
{
    public NamedTable<Parameter> Parameters { get; } = new("Parameter", diagnostics);

    public NamedTable<EnvironmentEntry> Environment { get; } = new("Variable", diagnostics);

    public NamedTable<SecretSource> Secrets { get; } = new("Secret", diagnostics);

    public NamedTable<ToolchainSource> Toolchains { get; } = new("Toolchain", diagnostics);

    public NamedTable<ServiceDraft> Services { get; } = new("Service", diagnostics);

    public NamedTable<StepDraft> Templates { get; } = new("Template", diagnostics);

    public NamedTable<StepDraft> Steps { get; } = new("Step", diagnostics);

    /// <summary>Steps that exist already and that generated ones may need.</summary>
    public Pipeline? Existing { get; init; }

    /// <summary>Takes what a pipeline that runs already defines; its steps stay its own.</summary>
    public void Add(Pipeline existing)
    {
        foreach (var parameter in existing.Parameters)
        {
            Parameters.Add(new Named<Parameter>(parameter.Name, parameter.Span, parameter));
        }

        foreach (var secret in existing.Secrets)
        {
            Secrets.Add(new Named<SecretSource>(secret.Name, secret.Span, secret.Source));
        }

        foreach (var toolchain in existing.Toolchains)
        {
            Toolchains.Add(new Named<ToolchainSource>(toolchain.Name, toolchain.Span, toolchain.Source));
        }
    }

    /// <summary>Takes what a file defines.</summary>
    public void Add(FileDraft file)
    {
        foreach (var parameter in file.Parameters)
        {
            Parameters.Add(parameter);
        }

        foreach (var entry in file.Environment)
        {
            Environment.Add(new Named<EnvironmentEntry>(entry.Name, entry.Span, entry));
        }

        foreach (var secret in file.Secrets)
        {
            Secrets.Add(secret);
        }

        foreach (var toolchain in file.Toolchains)
        {
            Toolchains.Add(toolchain);
        }

        foreach (var service in file.Services)
        {
            Services.Add(service);
        }

        foreach (var template in file.Templates)
        {
            Templates.Add(template);
        }

        foreach (var step in file.Steps)
        {
            Steps.Add(step);
        }
    }
}

/// <summary>Definitions of one kind in the order of the files.</summary>
internal sealed class NamedTable<T>(string subject, DiagnosticBag diagnostics)
{
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);
    private readonly List<Named<T>> _items = [];

    public List<Named<T>> Items => _items;

    public Dictionary<string, int>.KeyCollection Names => _indices.Keys;

    /// <summary>Adds a definition; a second one of the same name is a mistake.</summary>
    public void Add(Named<T> item)
    {
        if (_indices.TryAdd(item.Name, _items.Count))
        {
            _items.Add(item);
            return;
        }

        var first = _items[_indices[item.Name]];
        diagnostics.Add(new Diagnostic(DiagnosticCodes.DuplicateDefinition, DiagnosticSeverity.Error, $"{subject} `{item.Name}` is defined twice", item.Span, "Rename one of them")
        {
            Notes = [new DiagnosticNote("First defined here", first.Span)],
        });
    }

    public bool Has(string name) => _indices.ContainsKey(name);

    /// <summary>A definition, or null. One whose value could not be read is there too.</summary>
    public Named<T>? Find(string name) => _indices.TryGetValue(name, out var index) ? _items[index] : null;
}
