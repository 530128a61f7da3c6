using System.Collections.Immutable;
using System.Globalization;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>
/// What the commands of a script mean in a tree that is new: they are gone through in their order, loops over words are followed, conditions are not. What a command does is
/// known, needs not be done, or is told of.
/// </summary>
internal sealed class ScriptMeaning(string package, HashSet<string> functions)
{
    private const int LoopsMax = 1_000;
    private const string UsualSaxPriority = "50";

    // dpkg's names for versions of a configuration file: no new tree has one.
    private static readonly string[] Leftovers = [".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".dpkg-remove", ".dpkg-tmp", ".ucf-dist", ".ucf-new", ".ucf-old"];

    private readonly ScriptVariables _variables = new();
    private int _loops;

    public List<Alternative> Alternatives { get; } = [];

    public List<ScriptEffect> Effects { get; } = [];

    public List<Unhandled> Unhandled { get; } = [];

    public void Run(List<ShellCommand> commands, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            var command = commands[i];
            if (command.Words is [{ IsQuoted: false, Text: "for" }, var variable, { Text: "in" }, .. var items] && ++_loops < LoopsMax)
            {
                var end = EndOfLoop(commands, i + 1, to);
                foreach (var item in _variables.Expand(items))
                {
                    _variables[variable.Text] = item;
                    Run(commands, i + 1, end);
                }

                i = end;
                continue;
            }

            Look(command);
        }
    }

    private static int EndOfLoop(List<ShellCommand> commands, int from, int to)
    {
        var depth = 1;
        for (var i = from; i < to; i++)
        {
            depth += commands[i].Words is [{ IsQuoted: false, Text: "for" or "while" or "until" }, ..] ? 1 : commands[i].Words is [{ Text: "done" }] ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        return to;
    }

    private void Look(ShellCommand command)
    {
        var words = command.Words;
        while (words.Count > 0 && ScriptVariables.Assignment(words[0].Text) is var (name, value))
        {
            _variables.Assign(name, value);
            words = words[1..];
        }

        if (words is [{ IsQuoted: false, Text: "export" or "local" or "readonly" }, .. var declared])
        {
            foreach (var word in declared)
            {
                if (ScriptVariables.Assignment(word.Text) is var (variable, initial))
                {
                    _variables.Assign(variable, initial);
                }
            }

            words = [];
        }

        foreach (var target in command.Writes)
        {
            if (!PackageScripts.MayWrite(package, _variables.Expand(target) ?? target))
            {
                Tell(command, $"writes {target}");
            }
        }

        if (words.Count == 0)
        {
            return;
        }

        // A variable without a value stands for no program.
        var program = _variables.Expand(words[0].Text) ?? words[0].Text;
        var slash = program.LastIndexOf('/');
        program = slash < 0 ? program : program[(slash + 1)..];
        if (program is "exec" or "command" or "env" or "eval" && words.Count > 1 && !words[1].Text.StartsWith('-'))
        {
            Look(command with { Words = words[1..], Writes = [] });
        }
        else if (program.Length > 0 && !functions.Contains(program) && !IsHandled(program, _variables.Expand(words[1..]), command))
        {
            Tell(command, Line(words));
        }
    }

    // What a package does otherwise has its reason, but its alternatives count in any case.
    private bool IsHandled(string program, List<string> arguments, ShellCommand command) =>
        program is "update-alternatives" ? IsAlternative(arguments) : PackageScripts.IsHandled(package, program) || IsDone(program, arguments, command);

    /// <summary>Takes what is done natively; false where a command is not of that, or not in a form that is known.</summary>
    private bool IsDone(string program, List<string> arguments, ShellCommand command) => program switch
    {
        "ucf" => IsTemplate(arguments),
        "cp" or "mv" or "install" => IsCopy(program, arguments, command),
        "dpkg-divert" => IsDiversion(arguments),
        "php_invoke" => IsPhpModule(arguments),
        "update-xmlcatalog" => IsXmlEntry(arguments),
        "update-catalog" => IsSgmlEntry(arguments),
        "update-perl-sax-parsers" => IsSaxParser(arguments),
        "update-ccache-symlinks" => IsCompilerCache(),
        _ => false,
    };

    /// <summary>Takes <c>--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…</c>; what removes or asks has nothing to do in a new tree.</summary>
    private bool IsAlternative(List<string> words)
    {
        var at = words.IndexOf("--install");
        if (at < 0)
        {
            return true;
        }

        if (words.Count < at + 5 || !int.TryParse(words[at + 4], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority) || Link(words, at + 1) is not { } main)
        {
            return false;
        }

        var followers = ImmutableArray.CreateBuilder<AlternativeLink>();
        for (var i = at + 5; i < words.Count; i++)
        {
            if (words[i] is "--slave" && Link(words, i + 1) is { } follower)
            {
                followers.Add(follower);
                i += 3;
            }
        }

        Alternatives.Add(new Alternative(main, priority, followers.ToImmutable()));
        return true;
    }

    private static AlternativeLink? Link(List<string> words, int at) =>
        words.Count >= at + 3 && IsPath(words[at]) && IsPath(words[at + 2]) && !words[at + 1].Contains('/', StringComparison.Ordinal) && !words[at + 1].Contains(ShellWord.Opaque, StringComparison.Ordinal)
            ? new AlternativeLink(words[at], words[at + 1], words[at + 2])
            : null;

    /// <summary>Takes <c>ucf [OPTION]… TEMPLATE FILE</c>.</summary>
    private bool IsTemplate(List<string> words)
    {
        if (words.Contains("--purge") || words.Contains("-p"))
        {
            return true;
        }

        if (words is not [.., var from, var to] || !IsPath(from) || !IsPath(to))
        {
            return false;
        }

        Effects.Add(new ScriptEffect.Copied(from, to));
        return true;
    }

    /// <summary>
    /// Takes <c>cp</c> of a file that settings begin with, and passes over what copies or moves nothing: folders, and files that no new tree has. Other files are looked for when
    /// there is a tree.
    /// </summary>
    private bool IsCopy(string program, List<string> words, ShellCommand command)
    {
        if (words.Any(static w => w is "-d" or "--directory"))
        {
            return true;
        }

        var files = words.Where((w, i) => !w.StartsWith('-') && (i == 0 || words[i - 1] is not ("-m" or "-o" or "-g" or "--mode" or "--owner" or "--group"))).ToArray();
        if (files is not [var from, var to] || !IsPath(from) || from.AsSpan().IndexOfAny("*?[") >= 0)
        {
            return false;
        }

        if (program is not "mv" && from.StartsWith("/usr/share/", StringComparison.Ordinal) && IsPath(to) && to.StartsWith("/etc/", StringComparison.Ordinal) && !to.EndsWith('/'))
        {
            Effects.Add(new ScriptEffect.Copied(from, to));
        }
        else if (from is not "/dev/null" && !Leftovers.Any(end => from.EndsWith(end, StringComparison.Ordinal)))
        {
            Unhandled.Add(new Unhandled(from, Finding(command, Line(command.Words))));
        }

        return true;
    }

    /// <summary>Takes <c>--add [--divert TO] FILE</c>; what takes one back or asks has nothing to do in a new tree.</summary>
    private bool IsDiversion(List<string> words)
    {
        if (words.Any(static w => w is "--remove" or "--list" or "--listpackage" or "--truename"))
        {
            return true;
        }

        var at = words.IndexOf("--divert");
        var path = words.LastOrDefault(static w => w.StartsWith('/')) ?? "";
        var to = at < 0 ? $"{path}.distrib" : words.ElementAtOrDefault(at + 1) ?? "";
        if (!IsPath(path) || !IsPath(to) || path == to || words.Contains("--local"))
        {
            return false;
        }

        Effects.Add(new ScriptEffect.Diverted(path, to));
        return true;
    }

    /// <summary>Takes <c>enmod VERSION INTERFACE MODULE</c>.</summary>
    private bool IsPhpModule(List<string> words)
    {
        // A program of PHP asks which modules there are; each of these is enabled for all programs by its own package.
        if (words is ["enmod", _, not ScriptEffect.PhpModule.AllInterfaces, [ShellWord.Opaque]])
        {
            return true;
        }

        if (words is not ["enmod", var version, var sapi, var name] || !IsWord(version) || !IsWord(sapi) || !IsWord(name))
        {
            return words is ["dismod", ..];
        }

        Effects.Add(new ScriptEffect.PhpModule(version, sapi, name));
        return true;
    }

    /// <summary>Takes <c>--add --type KIND --id START --package PACKAGE (--local CATALOG | --root)</c>.</summary>
    private bool IsXmlEntry(List<string> words)
    {
        if (words.Contains("--del"))
        {
            return true;
        }

        var (kind, start, owner, catalog) = (Option(words, "--type"), Option(words, "--id"), Option(words, "--package"), Option(words, "--local"));
        if (!words.Contains("--add") || kind is not ("public" or "system" or "uri") || start is null || owner is null || !IsWord(owner) || !(catalog is null ? words.Contains("--root") : IsPath(catalog)))
        {
            return false;
        }

        Effects.Add(new ScriptEffect.XmlEntry(kind, start, owner, catalog));
        return true;
    }

    /// <summary>Takes <c>--add CATALOG ENTRY</c>; the catalog of all catalogs is made for every tree.</summary>
    private bool IsSgmlEntry(List<string> words)
    {
        if (words.Contains("--remove") || words.Contains("--update-super"))
        {
            return true;
        }

        if (!words.Contains("--add") || words is not [.., var catalog, var entry] || !IsPath(catalog) || !IsPath(entry))
        {
            return false;
        }

        Effects.Add(new ScriptEffect.SgmlEntry(catalog, entry));
        return true;
    }

    /// <summary>Takes <c>--add MODULE [--priority PRIORITY]</c>; the file of all parsers is made for every tree.</summary>
    private bool IsSaxParser(List<string> words)
    {
        if (words.Contains("--remove") || words.Contains("--update"))
        {
            return true;
        }

        if (Option(words, "--add") is not { } module || !IsWord(module) || !int.TryParse(Option(words, "--priority") ?? UsualSaxPriority, NumberStyles.None, CultureInfo.InvariantCulture, out var priority))
        {
            return false;
        }

        Effects.Add(new ScriptEffect.PerlSaxParser(module, priority));
        return true;
    }

    private bool IsCompilerCache()
    {
        Effects.Add(new ScriptEffect.CompilerCache());
        return true;
    }

    private static string? Option(List<string> words, string name) => words.IndexOf(name) is >= 0 and var at && at + 1 < words.Count ? words[at + 1] : null;

    /// <summary>Whether something is the path of a file, and all of it is known.</summary>
    private static bool IsPath(string text) => text.StartsWith('/') && text.AsSpan().IndexOfAny(ShellWord.Opaque, '$') < 0;

    private static bool IsWord(string text) => text.Length > 0 && text.AsSpan().IndexOfAny(ShellWord.Opaque, '$', '/') < 0;

    private void Tell(ShellCommand command, string what) => Unhandled.Add(new Unhandled(null, Finding(command, what)));

    private static string Finding(ShellCommand command, string what) => $"line {command.Line}: {what.Replace(ShellWord.Dollar, '$').Replace(ShellWord.Opaque.ToString(), "$(…)", StringComparison.Ordinal)}";

    private static string Line(List<ShellWord> words) => string.Join(' ', words.Take(6).Select(static w => w.Text));
}
