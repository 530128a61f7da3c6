using System.Collections.Immutable;
using System.Net;

using Cairn.Core;
using Cairn.Core.Diagnostics;
using Cairn.Core.Events;
using Cairn.Core.Syntax;

namespace Cairn.Engine.Handlers;

/// <summary>Reads <c>handlers</c> of the user's configuration, collecting every mistake.</summary>
internal sealed class HandlerReader
{
    private static readonly string[] Kinds = ["file", "webhook", "command"];
    private static readonly string[] CommonKeys = ["events", "pipelines", "branches", "drain"];
    private static readonly string[] FileKeys = ["rotate", "keep"];
    private static readonly string[] WebhookKeys = ["secret", "timeout"];
    private static readonly string[] CommandKeys = ["timeout", "parallel"];

    private readonly DiagnosticBag _diagnostics;
    private readonly string? _home;

    /// <param name="diagnostics">Takes the mistakes.</param>
    /// <param name="home">What <c>~</c> means.</param>
    public HandlerReader(DiagnosticBag diagnostics, string? home)
    {
        _diagnostics = diagnostics;
        _home = home is { Length: > 0 } ? home : null;
    }

    /// <summary>The handlers that are right.</summary>
    public ImmutableArray<HandlerSettings> Read(Node node)
    {
        if (node is ScalarNode { Type: ScalarType.Null })
        {
            return [];
        }

        if (node is not MappingNode mapping)
        {
            _diagnostics.Error(DiagnosticCodes.HandlerBadValue, $"`handlers` takes a mapping of names to handlers, not {node.KindName}", node.Span, "write `handlers:` and below it, indented, `chat:` with its keys");
            return [];
        }

        if (mapping.Entries.Length > HandlerLimits.HandlersMax)
        {
            _diagnostics.Error(DiagnosticCodes.HandlerBadValue, $"There are more than {HandlerLimits.HandlersMax} handlers", mapping.Span);
            return [];
        }

        var handlers = ImmutableArray.CreateBuilder<HandlerSettings>(mapping.Entries.Length);
        foreach (var (name, value) in mapping.Entries)
        {
            if (!IsName(name.Text))
            {
                _diagnostics.Error(DiagnosticCodes.HandlerBadValue, $"`{name.Text}` cannot be the name of a handler", name.Span, "use 1 to 64 lower-case letters, digits, `-` and `_`, a letter first");
            }
            else if (value is not MappingNode keys)
            {
                _diagnostics.Error(DiagnosticCodes.HandlerBadValue, $"The handler `{name.Text}` takes a mapping, not {value.KindName}", value.Span, "write `webhook: https://…`, `file: …` or `command: […]` below it, and `events:`");
            }
            else if (new Entry(this, name, keys).Read() is { } handler)
            {
                handlers.Add(handler);
            }
        }

        return handlers.DrainToImmutable();
    }

    /// <summary>Whether a text can be a handler's name.</summary>
    public static bool IsName(string text)
    {
        var isName = text.Length is > 0 and <= 64 && char.IsAsciiLetterLower(text[0]);
        foreach (var c in text)
        {
            isName &= char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_';
        }

        return isName;
    }

    /// <summary>One handler.</summary>
    private sealed class Entry(HandlerReader reader, ScalarNode name, MappingNode keys)
    {
        private readonly DiagnosticBag _diagnostics = reader._diagnostics;
        private readonly int _errorsBefore = reader._diagnostics.ErrorCount;

        public HandlerSettings? Read()
        {
            var kinds = new List<string>(1);
            foreach (var (key, _) in keys.Entries)
            {
                if (Kinds.Contains(key.Text))
                {
                    kinds.Add(key.Text);
                }
            }

            if (kinds.Count != 1)
            {
                var message = kinds.Count == 0 ? $"The handler `{name.Text}` does not say where events go" : $"The handler `{name.Text}` has `{kinds[0]}` and `{kinds[1]}`";
                _diagnostics.Error(DiagnosticCodes.HandlerIncomplete, message, name.Span, "give exactly one of `file`, `webhook` and `command`");
            }

            CheckKeys(kinds);
            var events = Patterns("events", KnownEvent);
            if (events is null && !Has("events"))
            {
                _diagnostics.Error(DiagnosticCodes.HandlerIncomplete, $"The handler `{name.Text}` does not say which events it wants", name.Span, "write `events: [pipeline.*, step.failed]`, or `events: [\"*\"]` for all");
            }

            var pipelines = Patterns("pipelines", check: null) ?? [];
            var branches = Patterns("branches", check: null) ?? [];
            var drain = Duration("drain", HandlerLimits.DrainDefault, HandlerLimits.DrainMax, TimeSpan.Zero);
            HandlerSettings? handler = kinds.Count != 1 ? null : kinds[0] switch
            {
                "file" => File(),
                "webhook" => Webhook(),
                _ => Command(),
            };
            return handler is null || events is not { } wanted || _diagnostics.ErrorCount > _errorsBefore ? null : handler with { Events = wanted, Pipelines = pipelines, Branches = branches, Drain = drain };
        }

        private HandlerSettings.File? File() => Path("file") is { } path
            ? new HandlerSettings.File
            {
                Name = name.Text,
                Events = [],
                Path = path,
                RotateBytes = Size("rotate", HandlerLimits.RotateBytesDefault),
                Keep = Number("keep", HandlerLimits.KeepDefault, 1, HandlerLimits.KeepMax),
            }
            : null;

        private HandlerSettings.Webhook? Webhook()
        {
            var address = Address();
            var secret = Secret();
            var timeout = Duration("timeout", HandlerLimits.WebhookTimeoutDefault, HandlerLimits.TimeoutMax, TimeSpan.FromMilliseconds(1));
            return address is null || secret is null ? null : new HandlerSettings.Webhook { Name = name.Text, Events = [], Address = address, Secret = secret, Timeout = timeout };
        }

        private HandlerSettings.Command? Command()
        {
            var timeout = Duration("timeout", HandlerLimits.CommandTimeoutDefault, HandlerLimits.TimeoutMax, TimeSpan.FromMilliseconds(1));
            var atOnce = Number("parallel", 1, 1, HandlerLimits.CommandsMax);
            var node = Find("command")!;
            if (node is not SequenceNode { Items.Length: > 0 } list)
            {
                Bad(node, "`command` takes a list of a program and its arguments", "write `command: [notify-send, Cairn]`; for a shell's syntax `[sh, -c, '…']`");
                return null;
            }

            var arguments = Texts(list, "command");
            if (arguments is not { IsEmpty: false } words)
            {
                return null;
            }

            var program = Expand(words[0]);
            if (program.Contains('/', StringComparison.Ordinal) && program[0] != '/')
            {
                Bad(list.Items[0], $"`{words[0]}` would be another program in each folder", "give an absolute path, or a name that stands in PATH");
                return null;
            }

            return new HandlerSettings.Command { Name = name.Text, Events = [], Arguments = words.SetItem(0, program), Timeout = timeout, AtOnce = atOnce };
        }

        private void CheckKeys(List<string> kinds)
        {
            foreach (var (key, _) in keys.Entries)
            {
                if (CommonKeys.Contains(key.Text) || Kinds.Contains(key.Text) || (kinds.Count == 1 && OfKind(kinds[0]).Contains(key.Text)))
                {
                    continue;
                }

                var owner = Array.Find(Kinds, kind => OfKind(kind).Contains(key.Text));
                var nearest = Suggestions.Nearest(key.Text, [.. Kinds, .. CommonKeys, .. kinds.SelectMany(OfKind)]);
                if (owner is null)
                {
                    _diagnostics.Error(DiagnosticCodes.HandlerUnknownKey, $"A handler has no key `{key.Text}`", key.Span, nearest is null ? "the keys of handlers stand in docs/reference/configuration.md" : $"did you mean `{nearest}`?");
                }
                else if (kinds.Count == 1)
                {
                    _diagnostics.Error(DiagnosticCodes.HandlerUnknownKey, $"`{key.Text}` says nothing about a handler with `{kinds[0]}`", key.Span, "remove it");
                }
            }
        }

        private static string[] OfKind(string kind) => kind switch
        {
            "file" => FileKeys,
            "webhook" => WebhookKeys,
            _ => CommandKeys,
        };

        private bool Has(string key) => Find(key) is not null;

        private Node? Find(string key)
        {
            foreach (var entry in keys.Entries)
            {
                if (string.Equals(entry.Key.Text, key, StringComparison.Ordinal))
                {
                    return entry.Value;
                }
            }

            return null;
        }

        private void Bad(Node node, string message, string? help = null) => _diagnostics.Error(DiagnosticCodes.HandlerBadValue, message, node.Span, help);

        private ImmutableArray<NamePattern>? Patterns(string key, Action<ScalarNode>? check)
        {
            if (Find(key) is not { } node)
            {
                return null;
            }

            if (node is not SequenceNode { Items.Length: > 0 and <= HandlerLimits.PatternsMax } list)
            {
                Bad(node, $"`{key}` takes a list of 1 to {HandlerLimits.PatternsMax} patterns, not {(node is SequenceNode { Items.Length: var count } ? $"{count} of them" : node.KindName)}", $"write `{key}: [{(check is null ? "main" : "step.failed")}]`");
                return null;
            }

            if (Texts(list, key) is not { } texts)
            {
                return null;
            }

            foreach (var item in list.Items)
            {
                check?.Invoke((ScalarNode)item);
            }

            return [.. texts.Select(static text => new NamePattern(text))];
        }

        private void KnownEvent(ScalarNode node)
        {
            if (!NamePattern.IsAnyMatch([new NamePattern(node.Text)], EventNames.All.AsSpan()))
            {
                var nearest = Suggestions.Nearest(node.Text, EventNames.All);
                _diagnostics.Error(DiagnosticCodes.HandlerUnknownEvent, $"No event is called `{node.Text}`", node.Span, nearest is null ? "docs/reference/events.md lists them; `*` stands for any characters" : $"did you mean `{nearest}`?");
            }
        }

        private ImmutableArray<string>? Texts(SequenceNode list, string key)
        {
            var texts = ImmutableArray.CreateBuilder<string>(list.Items.Length);
            foreach (var item in list.Items)
            {
                if (item is ScalarNode { Type: not ScalarType.Null, Text: { Length: > 0 and <= HandlerLimits.TextCharsMax } text } && !text.Contains('\0', StringComparison.Ordinal))
                {
                    texts.Add(text);
                }
                else
                {
                    Bad(item, $"`{key}` takes texts, not {item.KindName}", "quote it");
                }
            }

            return texts.Count == list.Items.Length ? texts.DrainToImmutable() : null;
        }

        private string? Path(string key) => Find(key) is { } node ? PathOf(node, $"`{key}`") : null;

        private string? PathOf(Node node, string what)
        {
            if (node is ScalarNode { Type: ScalarType.String, Text: { Length: > 0 } text } && !text.Contains('\0', StringComparison.Ordinal) && Expand(text) is var path && path[0] == '/' && path[^1] != '/')
            {
                return path;
            }

            Bad(node, $"{what} takes a file with its absolute path{(node is ScalarNode ? "" : $", not {node.KindName}")}", "begin it with `/`, or with `~/` for your home");
            return null;
        }

        private string Expand(string text) => reader._home is { } folder && text.StartsWith("~/", StringComparison.Ordinal) ? System.IO.Path.Combine(folder, text[2..]) : text;

        private Uri? Address()
        {
            var node = Find("webhook")!;
            if (node is not ScalarNode { Type: ScalarType.String } scalar || !Uri.TryCreate(scalar.Text, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http") || address.Host.Length == 0)
            {
                Bad(node, "`webhook` takes an address", "write `webhook: https://example.org/hook`");
                return null;
            }

            string? problem = null, help = null;
            if (address.UserInfo.Length > 0)
            {
                (problem, help) = ("The address of a webhook must not hold a user or password", "the receiver knows Cairn by the signature: see `secret`");
            }
            else if (address.Fragment.Length > 0)
            {
                (problem, help) = ("The fragment of an address is never sent", "remove `#` and what follows");
            }
            else if (address.Scheme == "http" && !IsLoopback(address))
            {
                (problem, help) = ("Events may not be sent over a network without encryption", "use `https://`; plain `http://` is for this machine alone, such as http://127.0.0.1:8080/");
            }

            if (problem is null)
            {
                return address;
            }

            _diagnostics.Error(DiagnosticCodes.HandlerAddressRefused, problem, node.Span, help);
            return null;
        }

        private SecretPlace? Secret()
        {
            const string Help = "write `secret: { file: ~/.config/cairn/hook.key }` (made by `openssl rand -hex 32`) or `secret: { env: NAME }`";
            if (Find("secret") is not { } node)
            {
                _diagnostics.Error(DiagnosticCodes.HandlerIncomplete, $"The handler `{name.Text}` has no `secret` to sign with, so its receiver could be told anything by anybody", name.Span, Help);
                return null;
            }

            if (node is not MappingNode { Entries: [var (key, value)] })
            {
                Bad(node, "`secret` takes the place of a secret, never the secret itself", Help);
                return null;
            }

            switch (key.Text)
            {
                case "file":
                    return PathOf(value, "`secret.file`") is { } path ? new SecretPlace(path, null) : null;
                case "env" when value is ScalarNode { Text: { Length: > 0 } variable } && !variable.AsSpan().ContainsAny('=', '\0'):
                    return new SecretPlace(null, variable);
                default:
                    Bad(key.Text == "env" ? value : key, key.Text == "env" ? "`secret.env` takes the name of a variable" : $"A secret cannot come from `{key.Text}`", Help);
                    return null;
            }
        }

        private TimeSpan Duration(string key, TimeSpan otherwise, TimeSpan most, TimeSpan least)
        {
            if (Find(key) is not { } node)
            {
                return otherwise;
            }

            if (node is ScalarNode scalar && Durations.TryParse(scalar.Text, out var duration, out _) && duration >= least && duration <= most)
            {
                return duration;
            }

            Bad(node, $"`{key}` takes a duration such as 500ms, 10s or 1m, at most {Durations.Format(most)}");
            return otherwise;
        }

        private long Size(string key, long otherwise)
        {
            if (Find(key) is not { } node)
            {
                return otherwise;
            }

            if (node is ScalarNode scalar && ByteSizes.TryParse(scalar.Text, out var bytes, out _) && bytes >= HandlerLimits.RotateBytesMin)
            {
                return bytes;
            }

            Bad(node, $"`{key}` takes a size such as 500KiB or 64MiB, at least {HandlerLimits.RotateBytesMin >> 10}KiB");
            return otherwise;
        }

        private int Number(string key, int otherwise, int least, int most)
        {
            if (Find(key) is not { } node)
            {
                return otherwise;
            }

            if (node is ScalarNode { Type: ScalarType.Integer } scalar && int.TryParse(scalar.Text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            {
                return number;
            }

            Bad(node, $"`{key}` takes a whole number from {least} to {most}");
            return otherwise;
        }
    }

    private static bool IsLoopback(Uri address) =>
        address.Host == "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
}
