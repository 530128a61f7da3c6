using System.Collections.Immutable;
using System.Runtime.InteropServices;

using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Syntax;

namespace Cairn.Core.Planning.Compiled;

/// <content>Values, and texts with expressions: what these are made of and what they may read.</content>
internal sealed partial class ModelDecoder
{
    /// <summary>Nesting of values: JSON's 64, an expression's 64 around it, and room.</summary>
    private const int ValueDepthMax = 256;

    /// <summary>Nesting of scopes; templates may be <see cref="Limits.IncludeDepthMax"/> deep.</summary>
    private const int ScopeDepthMax = 4 * Limits.IncludeDepthMax;

    private readonly List<Template> _templates = [];
    private readonly List<Parameter> _parameters = [];
    private readonly List<ParameterScope> _scopes = [];
    private int _scopeDepth;

    public Value.Map ReadMap() => ReadValue() as Value.Map ?? throw CompactReader.Damaged();

    public Parameter ReadParameter()
    {
        var tag = reader.Read();
        if (tag != ObjectTag.Fresh)
        {
            return _parameters[Known(tag, _parameters.Count)];
        }

        var name = reader.ReadText();
        var type = reader.Read();
        if (type > (uint)ParameterType.List)
        {
            throw CompactReader.Damaged();
        }

        var parameter = new Parameter(name, (ParameterType)type, reader.ReadSpan())
        {
            Default = ReadOptionalValue(),
            Allowed = ReadValues(1),
            Required = reader.ReadBoolean(),
            Description = reader.ReadOptional(),
        };
        _parameters.Add(parameter);
        return parameter;
    }

    private Value? ReadOptionalValue() => reader.ReadBoolean() ? ReadValue() : null;

    private Value ReadValue(int depth = 0)
    {
        if (depth > ValueDepthMax)
        {
            throw CompactReader.Damaged();
        }

        switch ((ValueTag)reader.Read())
        {
            case ValueTag.Null:
                return Value.Null.Instance;
            case ValueTag.False:
                return Value.Of(false);
            case ValueTag.True:
                return Value.Of(true);
            case ValueTag.Whole:
                return Value.Of(reader.ReadSigned());
            case ValueTag.Number:
                return Value.Of(reader.ReadDouble());
            case ValueTag.Text:
                return Value.Of(reader.ReadText());
            case ValueTag.List:
                return new Value.List(ReadValues(depth + 1));
            case ValueTag.Map:
                var entries = new KeyValuePair<string, Value>[reader.ReadCount()];
                for (var i = 0; i < entries.Length; i++)
                {
                    entries[i] = new KeyValuePair<string, Value>(reader.ReadText(), ReadValue(depth + 1));
                }

                return new Value.Map(ImmutableCollectionsMarshal.AsImmutableArray(entries));
            default:
                throw CompactReader.Damaged();
        }
    }

    private ImmutableArray<Value> ReadValues(int depth)
    {
        var values = new Value[reader.ReadCount()];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = ReadValue(depth);
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(values);
    }

    private ImmutableArray<Template> ReadTemplates()
    {
        var templates = new Template[reader.ReadCount()];
        for (var i = 0; i < templates.Length; i++)
        {
            templates[i] = ReadTemplate();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(templates);
    }

    private Template ReadTemplate() => ReadOptionalTemplate() ?? throw CompactReader.Damaged();

    private Template? ReadOptionalTemplate()
    {
        Template template;
        var tag = reader.Read();
        switch (tag)
        {
            case ObjectTag.None:
                return null;
            case ObjectTag.Literal:
                template = Template.Literal(reader.ReadText(), reader.ReadSpan());
                break;
            case ObjectTag.Fresh:
                template = Template.Deferred(ReadScalar(), ReadScope());
                break;
            default:
                return _templates[Known(tag, _templates.Count)];
        }

        _templates.Add(template);
        return template;
    }

    private ScalarNode ReadScalar()
    {
        var text = reader.ReadText();
        var type = (ScalarType)Below(reader.Read(), (uint)ScalarType.String + 1);
        var span = reader.ReadSpan();
        var count = reader.Read();
        if (count == 0)
        {
            return new ScalarNode(text, type, span);
        }

        var origins = new TextOrigin[reader.Bounded(count - 1)];
        for (var i = 0; i < origins.Length; i++)
        {
            origins[i] = new TextOrigin(reader.ReadSigned(), reader.ReadSigned(), reader.ReadSigned());
        }

        return new ScalarNode(text, type, span, ImmutableCollectionsMarshal.AsImmutableArray(origins));
    }

    private ImmutableArray<ParameterScope> ReadScopes()
    {
        var scopes = new ParameterScope[reader.ReadCount()];
        for (var i = 0; i < scopes.Length; i++)
        {
            scopes[i] = ReadScope() ?? throw CompactReader.Damaged();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(scopes);
    }

    private ParameterScope? ReadScope()
    {
        var tag = reader.Read();
        if (tag == ObjectTag.None)
        {
            return null;
        }

        if (tag != ObjectTag.Fresh)
        {
            return _scopes[Known(tag, _scopes.Count)];
        }

        if (++_scopeDepth > ScopeDepthMax)
        {
            throw CompactReader.Damaged();
        }

        var name = reader.ReadText();
        var parameters = new ScopedParameter[reader.ReadCount()];
        for (var i = 0; i < parameters.Length; i++)
        {
            parameters[i] = new ScopedParameter(ReadParameter(), reader.ReadSpan())
            {
                Constant = ReadOptionalValue(),
                Computed = ReadOptionalTemplate(),
                Items = ReadTemplates(),
            };
        }

        _scopeDepth--;
        var scope = new ParameterScope(name, ImmutableCollectionsMarshal.AsImmutableArray(parameters));
        _scopes.Add(scope);
        return scope;
    }
}
