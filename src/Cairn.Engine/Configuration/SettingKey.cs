using System.Diagnostics.CodeAnalysis;
using System.Globalization;

using Cairn.Core;
using Cairn.Engine.Log;

namespace Cairn.Engine.Configuration;

/// <summary>A key of the configuration: its name, what it takes, and what it does to <see cref="Settings"/>.</summary>
public sealed class SettingKey
{
    private readonly SettingType _type;
    private readonly Func<Settings, object?, Settings> _apply;

    internal SettingKey(string name, SettingType type, string defaultText, string description, Func<Settings, object?, Settings> apply, bool userOnly = false)
    {
        Name = name;
        _type = type;
        DefaultText = defaultText;
        Description = description;
        _apply = apply;
        UserOnly = userOnly;
    }

    /// <summary>The dotted name: section and key.</summary>
    public string Name { get; }

    /// <summary>The default as it would be written; empty for none.</summary>
    public string DefaultText { get; }

    /// <summary>What it is for, in one sentence.</summary>
    public string Description { get; }

    /// <summary>Whether only the user's own file may set it.</summary>
    public bool UserOnly { get; }

    /// <summary>What it takes, in words: <c>auto, always or never</c>.</summary>
    public string TypeText => _type.Text;

    /// <summary>The only values it takes, for completion; empty where it takes others.</summary>
    public IReadOnlyList<string> Choices => _type.Choices;

    /// <summary>Whether a text is a value of this key; says what it takes otherwise.</summary>
    public bool TryApply(Settings settings, string text, [NotNullWhen(true)] out Settings? changed, [NotNullWhen(false)] out string? error)
    {
        if (_type.TryParse(text, out var value))
        {
            changed = _apply(settings, value);
            error = null;
            return true;
        }

        changed = null;
        error = $"`{Name}` takes {_type.Text}, not `{text}`";
        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>The type of a setting: what it takes in words, and how it is read.</summary>
internal abstract class SettingType
{
    public abstract string Text { get; }

    public virtual IReadOnlyList<string> Choices => [];

    public abstract bool TryParse(string text, out object? value);

    internal sealed class Whole(int min, int max) : SettingType
    {
        public override string Text => string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}");

        public override bool TryParse(string text, out object? value)
        {
            value = null;
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < min || number > max)
            {
                return false;
            }

            value = number;
            return true;
        }
    }

    internal sealed class Switch : SettingType
    {
        public override string Text => "true or false";

        public override IReadOnlyList<string> Choices => ["true", "false"];

        public override bool TryParse(string text, out object? value)
        {
            value = text == "true";
            return text is "true" or "false";
        }
    }

    internal sealed class Duration(TimeSpan max) : SettingType
    {
        public override string Text => $"a duration such as 500ms, 10s, 2m or 1h (at most {max.TotalHours:0}h)";

        public override bool TryParse(string text, out object? value)
        {
            value = null;
            var digits = 0;
            while (digits < text.Length && char.IsAsciiDigit(text[digits]))
            {
                digits++;
            }

            if (digits is 0 or > 9)
            {
                return false;
            }

            long unitMs = text.AsSpan(digits) switch
            {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                _ => 0,
            };
            var duration = TimeSpan.FromMilliseconds(long.Parse(text.AsSpan(0, digits), CultureInfo.InvariantCulture) * unitMs);
            value = duration;
            return unitMs > 0 && duration <= max;
        }
    }

    internal sealed class Choice<T>(params (string Text, T Value)[] values) : SettingType
        where T : struct
    {
        public override string Text
        {
            get
            {
                var all = Choices;
                return string.Join(", ", all.Take(all.Count - 1)) + " or " + all[^1];
            }
        }

        public override IReadOnlyList<string> Choices { get; } = Array.ConvertAll(values, v => v.Text);

        public override bool TryParse(string text, out object? value)
        {
            foreach (var (known, result) in values)
            {
                if (known == text)
                {
                    value = result;
                    return true;
                }
            }

            value = null;
            return false;
        }
    }

    internal sealed class Size : SettingType
    {
        public override string Text => "a size such as 500MiB or 20GiB";

        public override bool TryParse(string text, out object? value)
        {
            var isSize = ByteSizes.TryParse(text, out var bytes, out _);
            value = bytes;
            return isSize;
        }
    }

    internal sealed class Log : SettingType
    {
        public override string Text => "local, off, or the https URL of a log";

        public override IReadOnlyList<string> Choices => ["local", "off"];

        public override bool TryParse(string text, out object? value)
        {
            value = LogTarget.TryParse(text);
            return value is not null;
        }
    }

    internal sealed class Folder : SettingType
    {
        public override string Text => "an absolute path";

        public override bool TryParse(string text, out object? value)
        {
            value = text;
            return text.StartsWith('/') && !text.Contains('\0', StringComparison.Ordinal);
        }
    }

    internal sealed class SearchPath : SettingType
    {
        public override string Text => "absolute folders with `:` between them";

        public override bool TryParse(string text, out object? value)
        {
            value = text;
            foreach (var folder in text.Split(':'))
            {
                if (!folder.StartsWith('/') || folder.Contains('\0', StringComparison.Ordinal))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
