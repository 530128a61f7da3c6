using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary><c>retries</c> while it is read.</summary>
internal sealed class RetryDraft
{
    public int Max { get; set; } = 1;

    public ImmutableArray<RetryReason> On { get; set; } = [];

    public BackoffDraft Backoff { get; set; } = new();

    public RetryPolicy ToPolicy()
    {
        var codes = new SortedSet<int>();
        var onTimeout = false;
        var onSignal = false;
        foreach (var reason in On)
        {
            onTimeout |= reason.IsTimeout;
            onSignal |= reason.IsSignal;
            for (var code = reason.FirstCode; code > 0 && code <= reason.LastCode; code++)
            {
                codes.Add(code);
            }
        }

        return new RetryPolicy(Max, [.. codes], onTimeout, onSignal, Backoff.Initial, Backoff.Max, Backoff.Jitter);
    }
}

/// <summary><c>backoff</c> while it is read.</summary>
internal sealed class BackoffDraft
{
    public TimeSpan Initial { get; set; } = TimeSpan.FromSeconds(1);

    public TimeSpan Max { get; set; } = TimeSpan.FromMinutes(1);

    public double Jitter { get; set; } = 0.5;
}

/// <summary>One entry of <c>on</c>.</summary>
internal readonly record struct RetryReason(int FirstCode, int LastCode, bool IsTimeout, bool IsSignal);

/// <summary><c>exit 75</c>, <c>exit 1-3</c>, <c>timeout</c> or <c>signal</c>.</summary>
internal sealed class RetryReasonKind : Kind<RetryReason>
{
    private const string Forms = "Write `exit 75`, `exit 1-3`, `timeout` or `signal`";

    public override string Expected => "a reason to try again";

    public override string Example => "exit 75";

    public override bool TryRead(Binder binder, Node node, out RetryReason value)
    {
        value = default;
        if (node is not ScalarNode { Type: not (ScalarType.Null or ScalarType.Boolean) } scalar)
        {
            return binder.WrongType(node, this);
        }

        var text = scalar.Text;
        switch (text)
        {
            case "timeout":
                value = new RetryReason(0, 0, IsTimeout: true, IsSignal: false);
                return true;
            case "signal":
                value = new RetryReason(0, 0, IsTimeout: false, IsSignal: true);
                return true;
        }

        if (!text.StartsWith("exit ", StringComparison.Ordinal))
        {
            return binder.Invalid(
                DiagnosticCodes.InvalidValue, $"`{text}` is not a reason to try again", node.Span,
                int.TryParse(text, out _) ? $"Write `exit {text}`" : Suggestions.Nearest(text, ["timeout", "signal"]) is { } nearest ? $"Did you mean `{nearest}`?" : Forms);
        }

        var codes = text.AsSpan(5).Trim();
        var dash = codes.IndexOf('-');
        var first = dash < 0 ? codes : codes[..dash];
        var last = dash < 0 ? codes : codes[(dash + 1)..];
        if (!byte.TryParse(first, out var from) || !byte.TryParse(last, out var to) || from == 0 || from > to)
        {
            return binder.Invalid(DiagnosticCodes.InvalidValue, $"`{text}` names no exit codes of a failure", node.Span, "Exit codes are from 1 to 255: `exit 75`, `exit 1-3`");
        }

        value = new RetryReason(from, to, IsTimeout: false, IsSignal: false);
        return true;
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", "^(timeout|signal|exit [0-9]{1,3}(-[0-9]{1,3})?)$");
        schema.Examples("exit 75", "exit 1-3", "timeout", "signal");
    }
}

/// <summary>A number of further attempts, or a mapping.</summary>
internal sealed class RetriesKind : Kind<RetryPolicy>
{
    private static readonly IntegerKind Count = new("a number of further attempts", 0, Limits.AttemptsMax - 1, "2");

    private static readonly KeySet<BackoffDraft> Backoff = new(
        "backoff", "`backoff`", "How long to wait before a further attempt.",
        [
            new Key<BackoffDraft, TimeSpan>("initial", "The wait before the second attempt; it doubles for each further one.", new DurationKind("1s"), static (d, v, _) => d.Initial = v) { Default = "1s" },
            new Key<BackoffDraft, TimeSpan>("max", "The longest wait.", new DurationKind("1m"), static (d, v, _) => d.Max = v) { Default = "1m" },
            new Key<BackoffDraft, double>("jitter", "The part of the wait that is random, so that jobs that failed together do not return together.", new FractionKind("0.5"), static (d, v, _) => d.Jitter = v) { Default = "0.5" },
        ]);

    private static readonly ObjectKind<RetryDraft> Object = new(
        new KeySet<RetryDraft>(
            "retries", "`retries`", "When a failed attempt is followed by another.",
            [
                new Key<RetryDraft, int>("max", "Attempts beyond the first.", Count, static (d, v, _) => d.Max = v) { Default = "1" },
                new Key<RetryDraft, ImmutableArray<RetryReason>>(
                    "on", "The failures that count: exit codes, `timeout`, or `signal` (ended by a signal). Left out, every failure counts.",
                    new ListKind<RetryReason>(new RetryReasonKind(), "a reason or a list of reasons", "[exit 75, timeout]", allowEmpty: false), static (d, v, _) => d.On = v),
                new Key<RetryDraft, BackoffDraft>(
                    "backoff", "How long to wait before a further attempt.",
                    new ObjectKind<BackoffDraft>(Backoff, "{ initial: 1s, max: 1m }", static (_, _) => new BackoffDraft()), static (d, v, _) => d.Backoff = v),
            ]),
        "{ max: 2, on: [exit 75, timeout] }", static (_, _) => new RetryDraft());

    public override string Expected => "a number of further attempts or a mapping";

    public override string Example => "2";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out RetryPolicy value)
    {
        value = null;
        if (node is MappingNode)
        {
            if (!Object.TryRead(binder, node, out var draft))
            {
                return false;
            }

            value = draft.ToPolicy();
            return true;
        }

        if (node is not ScalarNode { Type: ScalarType.Integer })
        {
            return binder.WrongType(node, this);
        }

        if (!Count.TryRead(binder, node, out var count))
        {
            return false;
        }

        value = new RetryDraft { Max = count }.ToPolicy();
        return true;
    }

    public override void WriteSchema(SchemaWriter schema) => schema.AnyOf(Count.WriteSchema, Object.WriteSchema);
}
