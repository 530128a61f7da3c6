using System.Diagnostics.CodeAnalysis;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;
using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies;

/// <summary>A word of a fixed set.</summary>
internal sealed class WordKind(string expected, params string[] words) : Kind<string>
{
    public override string Expected => expected;

    public override string Example => words[^1];

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
    {
        value = (node as ScalarNode)?.Text;
        if (node is not ScalarNode { Type: ScalarType.String or ScalarType.Null } || value!.Length == 0)
        {
            return binder.WrongType(node, this);
        }

        return Array.IndexOf(words, value) >= 0
            || binder.Invalid(
                DiagnosticCodes.PolicyWord, $"`{value}` is not {expected}", node.Span,
                Suggestions.Nearest(value, words) is { } nearest ? $"Did you mean `{nearest}`?" : $"There are {Names.List(words, "and")}");
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Enum(words);
}

/// <summary>A pattern over names.</summary>
internal sealed class RolePatternKind(string example) : Kind<RolePattern>
{
    public override string Expected => "a name or a pattern";

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out RolePattern value)
    {
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        return RolePattern.TryParse(scalar.Text, out value, out var problem)
            || binder.Invalid(DiagnosticCodes.PolicyValue, $"`{scalar.Text}` is no pattern: {problem}", node.Span, "`*` stands for anything but `/`, `**` for anything, `?` for one character");
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Type("string");
}

/// <summary>A glob over paths.</summary>
internal sealed class PathGlobKind : Kind<Glob>
{
    public override string Expected => "a path or a glob";

    public override string Example => "dist/*.tar.gz";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out Glob value)
    {
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        return Glob.TryParse(scalar.Text, out value, out var error) || binder.Invalid(DiagnosticCodes.PolicyValue, error, node.Span, $"For example `{Example}`");
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Type("string");
}

/// <summary>A SHA-256.</summary>
internal sealed class Sha256Kind : Kind<string>
{
    private const string Prefix = "sha256:";

    public override string Expected => "a SHA-256";

    public override string Example => "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
    {
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        value = scalar.Text.StartsWith(Prefix, StringComparison.Ordinal) ? scalar.Text[Prefix.Length..] : scalar.Text;
        return Statements.Statement.IsHash(value) || binder.Invalid(DiagnosticCodes.PolicyValue, $"`{scalar.Text}` is no SHA-256: 64 lower-case hex digits", node.Span, "`sha256sum FILE` prints one");
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", "^(sha256:)?[0-9a-f]{64}$");
    }
}

/// <summary>The fingerprint of a key.</summary>
internal sealed class FingerprintKind : Kind<string>
{
    public override string Expected => "the fingerprint of a key";

    public override string Example => "4CB50190207B4758A3F73A796ED0E7B82643E131";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
    {
        const int CharactersMin = 16;
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        // As gpg prints them, in groups.
        value = scalar.Text.Replace(" ", "", StringComparison.Ordinal);
        return value.Length >= CharactersMin
            || binder.Invalid(DiagnosticCodes.PolicyValue, $"`{scalar.Text}` is too short for a fingerprint: others could be made to have it", node.Span, "`cairn toolchain trace NAME` prints whole ones");
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Type("string");
}

/// <summary>A time in UTC.</summary>
internal sealed class TimeKind : Kind<DateTimeOffset>
{
    private static readonly string[] Formats = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];

    public override string Expected => "a time in UTC";

    public override string Example => "2026-01-31T12:00:00Z";

    public override bool TryRead(Binder binder, Node node, out DateTimeOffset value)
    {
        value = default;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        return DateTimeOffset.TryParseExact(scalar.Text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out value)
            || binder.Invalid(DiagnosticCodes.PolicyValue, $"`{scalar.Text}` is no time in UTC", node.Span, $"Write `{Example}`");
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Type("string");
}

/// <summary>A value alone, or a mapping that says more.</summary>
/// <param name="simple">How the value alone is read.</param>
/// <param name="full">The mapping.</param>
/// <param name="set">Puts the value alone where the mapping has it.</param>
/// <param name="create">Makes an empty draft.</param>
/// <param name="expected">For messages.</param>
internal sealed class ShortKind<TDraft, T>(Kind<T> simple, ObjectKind<TDraft> full, Action<TDraft, T> set, Func<TDraft> create, string expected) : Kind<TDraft>
    where TDraft : class
{
    public override string Expected => expected;

    public override string? Example => simple.Example;

    public override bool TakesMapping => true;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out TDraft value)
    {
        if (node is MappingNode)
        {
            return full.TryRead(binder, node, out value);
        }

        value = null;
        if (node is SequenceNode)
        {
            return binder.WrongType(node, this);
        }

        if (!simple.TryRead(binder, node, out var read))
        {
            return false;
        }

        value = create();
        set(value, read);
        return true;
    }

    public override void WriteSchema(SchemaWriter schema) => schema.AnyOf(simple.WriteSchema, full.WriteSchema);
}

/// <summary>A kind of mapping whose values become something else.</summary>
internal sealed class MappedKind<T, TResult>(Kind<T> kind, Func<T, TResult> map) : Kind<TResult>
{
    public override string Expected => kind.Expected;

    public override string? Example => kind.Example;

    public override bool TakesMapping => true;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out TResult value)
    {
        var isGood = kind.TryRead(binder, node, out var read);
        value = isGood ? map(read!) : default;
        return isGood;
    }

    public override void WriteSchema(SchemaWriter schema) => kind.WriteSchema(schema);
}

/// <summary>Kinds of kinds.</summary>
internal static class KindExtensions
{
    /// <summary>What a mapping is read as, made into something else. Of a list of it, one may stand alone.</summary>
    public static MappedKind<T, TResult> Then<T, TResult>(this Kind<T> kind, Func<T, TResult> map) => new(kind, map);
}
