using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;

namespace Cairn.Core.Expressions;

/// <summary>What the functions do. A missing value (null) counts as the empty text where a text is wanted.</summary>
internal sealed class FunctionCalls(EvaluationContext context)
{
    /// <summary>Applies a function to evaluated arguments, whose number the parser has checked.</summary>
    public Value? Apply(Evaluator evaluator, ExpressionNode.Call call, ImmutableArray<Value> arguments)
    {
        switch (call.Function)
        {
            case Function.Always:
                return Value.Of(true);
            case Function.Success or Function.Failure or Function.Cancelled:
                return Status(evaluator, call);
            case Function.Contains:
                return Contains(evaluator, call, arguments);
            case Function.Length:
                return Length(evaluator, call, arguments[0]);
            case Function.ToJson:
                return Made(evaluator, call, ValueText.ToJson(arguments[0], evaluator.CharsLeft));
            case Function.Format:
                return Format(evaluator, call, arguments);
            case Function.Join:
                return Join(evaluator, call, arguments);
        }

        // All others take texts only.
        var texts = new string[arguments.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            switch (arguments[i])
            {
                case Value.String text:
                    texts[i] = text.Content;
                    break;
                case Value.Null:
                    texts[i] = "";
                    break;
                default:
                    return NotFitting(evaluator, call, i, arguments[i], "a text", arguments[i] is Value.List or Value.Map ? null : "Turn it into a text with format('{0}', value)");
            }
        }

        return call.Function switch
        {
            Function.StartsWith => Value.Of(texts[0].StartsWith(texts[1], StringComparison.Ordinal)),
            Function.EndsWith => Value.Of(texts[0].EndsWith(texts[1], StringComparison.Ordinal)),
            Function.Lower => evaluator.ChargeChars(call, texts[0].Length) ? Value.Of(texts[0].ToLowerInvariant()) : null,
            Function.Upper => evaluator.ChargeChars(call, texts[0].Length) ? Value.Of(texts[0].ToUpperInvariant()) : null,
            Function.Trim => evaluator.ChargeChars(call, texts[0].Length) ? Value.Of(texts[0].Trim()) : null,
            Function.Split => Split(evaluator, call, texts[0], texts[1]),
            Function.Replace => Replace(evaluator, call, texts[0], texts[1], texts[2]),
            Function.FromJson => FromJson(evaluator, call, texts[0]),
            Function.HashFiles => HashFiles(evaluator, call, texts),
            _ => throw new InvalidOperationException($"The function `{call.Function}` is unknown"),
        };
    }

    private Value? Status(Evaluator evaluator, ExpressionNode.Call call)
    {
        if (context.Needs is not { } needs)
        {
            return evaluator.Mistake(call, DiagnosticCodes.ExpressionFunctionUnavailable, $"`{Functions.NameOf(call.Function)}()` cannot be had here", "Status functions belong into `if` of a step");
        }

        return Value.Of(needs == call.Function switch
        {
            Function.Success => NeedsStatus.Success,
            Function.Failure => NeedsStatus.Failure,
            _ => NeedsStatus.Cancelled,
        });
    }

    private static Value? Contains(Evaluator evaluator, ExpressionNode.Call call, ImmutableArray<Value> arguments)
    {
        switch (arguments[0], arguments[1])
        {
            case (Value.Null, _):
                return Value.Of(false);
            case (Value.String text, Value.String or Value.Null):
                var part = arguments[1] is Value.String { Content: var content } ? content : "";
                return evaluator.Charge(call, SearchWork(text.Content, part)) ? Value.Of(text.Content.Contains(part, StringComparison.Ordinal)) : null;
            case (Value.String, var other):
                return NotFitting(evaluator, call, 1, other, "a text", "Search a text for a text, or a list for a value");
            case (Value.List list, var wanted):
                foreach (var item in list.Items)
                {
                    if (!evaluator.Charge(call, 1 + Evaluator.Work(item, wanted)))
                    {
                        return null;
                    }

                    if (item.Equals(wanted))
                    {
                        return Value.Of(true);
                    }
                }

                return Value.Of(false);
            default:
                return NotFitting(evaluator, call, 0, arguments[0], "a list or a text", null);
        }
    }

    private static Value? Length(Evaluator evaluator, ExpressionNode.Call call, Value value) => value switch
    {
        Value.Null => Value.Of(0),
        Value.String text => Value.Of(text.Content.Length),
        Value.List list => Value.Of(list.Items.Length),
        Value.Map map => Value.Of(map.Entries.Length),
        _ => NotFitting(evaluator, call, 0, value, "a text, a list or a map", null),
    };

    private static Value? Format(Evaluator evaluator, ExpressionNode.Call call, ImmutableArray<Value> arguments)
    {
        if (arguments[0] is not Value.String { Content: var format })
        {
            return NotFitting(evaluator, call, 0, arguments[0], "a text", null);
        }

        if (FormatText.MistakeOf(format, arguments.Length - 1) is (var message, var suggestion))
        {
            return evaluator.Mistake(call.Arguments[0], DiagnosticCodes.ExpressionValue, message, suggestion);
        }

        var texts = new string[arguments.Length - 1];
        for (var i = 0; i < texts.Length; i++)
        {
            if (ValueText.ToText(arguments[i + 1]) is not { } text)
            {
                return NotFitting(evaluator, call, i + 1, arguments[i + 1], "a text, a number or a truth value", "Use toJson() or join()");
            }

            texts[i] = text;
        }

        return Made(evaluator, call, FormatText.Apply(format, texts, evaluator.CharsLeft));
    }

    private static Value? Join(Evaluator evaluator, ExpressionNode.Call call, ImmutableArray<Value> arguments)
    {
        var separator = ",";
        if (arguments.Length > 1)
        {
            if (arguments[1] is not Value.String given)
            {
                return NotFitting(evaluator, call, 1, arguments[1], "a text", null);
            }

            separator = given.Content;
        }

        if (arguments[0] is not Value.List list)
        {
            return arguments[0] is Value.Null ? Value.Of("") : NotFitting(evaluator, call, 0, arguments[0], "a list", null);
        }

        var joined = new StringBuilder();
        for (var i = 0; i < list.Items.Length && joined.Length <= evaluator.CharsLeft; i++)
        {
            if (ValueText.ToText(list.Items[i]) is not { } text)
            {
                return evaluator.Mistake(call.Arguments[0], DiagnosticCodes.ExpressionType,
                    $"Item {i} of the list is {ValueText.KindName(list.Items[i])}, which `join` does not take", "Use toJson() for nested lists and maps");
            }

            if (!evaluator.Charge(call, 1))
            {
                return null;
            }

            joined.Append(i == 0 ? "" : separator).Append(text);
        }

        return Made(evaluator, call, joined.Length <= evaluator.CharsLeft ? joined.ToString() : null);
    }

    private static Value? Split(Evaluator evaluator, ExpressionNode.Call call, string text, string separator)
    {
        if (separator.Length == 0)
        {
            return evaluator.Mistake(call.Arguments[1], DiagnosticCodes.ExpressionValue, "The separator of `split` is empty");
        }

        if (text.Length == 0)
        {
            return new Value.List([]);
        }

        if (!evaluator.Charge(call, SearchWork(text, separator)) || !evaluator.ChargeChars(call, text.Length))
        {
            return null;
        }

        var items = ImmutableArray.CreateBuilder<Value>();
        foreach (var part in text.AsSpan().Split(separator))
        {
            if (!evaluator.Charge(call, 1))
            {
                return null;
            }

            items.Add(Value.Of(text[part]));
        }

        return new Value.List(items.DrainToImmutable());
    }

    private static Value? Replace(Evaluator evaluator, ExpressionNode.Call call, string text, string old, string replacement)
    {
        if (old.Length == 0)
        {
            return evaluator.Mistake(call.Arguments[1], DiagnosticCodes.ExpressionValue, "The text that `replace` looks for is empty");
        }

        if (!evaluator.Charge(call, SearchWork(text, old)))
        {
            return null;
        }

        var length = text.Length + ((long)text.AsSpan().Count(old) * (replacement.Length - old.Length));
        return evaluator.ChargeChars(call, length) ? Value.Of(text.Replace(old, replacement, StringComparison.Ordinal)) : null;
    }

    private static Value? FromJson(Evaluator evaluator, ExpressionNode.Call call, string json)
    {
        if (!evaluator.Charge(call, json.Length / 16) || !evaluator.ChargeChars(call, json.Length))
        {
            return null;
        }

        return JsonText.TryParse(json, out var value, out var error)
            ? value
            : evaluator.Mistake(call.Arguments[0], DiagnosticCodes.ExpressionValue, json.Length == 0 ? "The text is empty and so not JSON" : $"The text is not JSON: {error}");
    }

    private Value? HashFiles(Evaluator evaluator, ExpressionNode.Call call, string[] globs)
    {
        if (context.HashFiles is not { } hash)
        {
            return evaluator.Mistake(call, DiagnosticCodes.ExpressionFunctionUnavailable, "`hashFiles` cannot be had here", "Use it in `env`, `run` or `if` of a step");
        }

        for (var i = 0; i < globs.Length; i++)
        {
            if (!PathPattern.TryParse(globs[i], out _, out var error))
            {
                return evaluator.Mistake(call.Arguments[i], DiagnosticCodes.GlobInvalid, error);
            }
        }

        return Value.Of(hash([.. globs]));
    }

    /// <summary>A text that was made within what is left; null stands for one that would be longer.</summary>
    private static Value? Made(Evaluator evaluator, ExpressionNode.Call call, string? text) =>
        evaluator.ChargeChars(call, text?.Length ?? long.MaxValue) ? Value.Of(text!) : null;

    /// <summary>The steps of a search at its worst, where every place is looked at for the whole of the other text.</summary>
    private static long SearchWork(string text, string part) => (text.Length / 64L) * Math.Max(1, part.Length / 64);

    private static Value? NotFitting(Evaluator evaluator, ExpressionNode.Call call, int index, Value value, string wanted, string? suggestion) =>
        evaluator.Mistake(call.Arguments[index], DiagnosticCodes.ExpressionType,
            $"`{Functions.NameOf(call.Function)}` takes {wanted} here, not {ValueText.KindName(value)}", suggestion);
}
