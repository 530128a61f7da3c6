using System.Globalization;
using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>Makes what <c>phpenmod</c> makes: the links by which each of PHP's programs loads its extensions, in the order of their priority.</summary>
internal static class TreePhp
{
    private const int UsualPriority = 20;

    public static void Add(TreeFiles files, IEnumerable<ScriptEffect.PhpModule> modules)
    {
        foreach (var module in modules)
        {
            var settings = $"etc/php/{module.Version}/mods-available/{module.Name}.ini";
            if (files.Read(settings) is not { } content)
            {
                // What a package offers, but does not bring.
                continue;
            }

            foreach (var program in Interfaces(files, module))
            {
                files.TryAddLink($"etc/php/{module.Version}/{program}/conf.d/{Priority(content):00}-{module.Name}.ini", "/" + settings);
            }
        }
    }

    private static IEnumerable<string> Interfaces(TreeFiles files, ScriptEffect.PhpModule module)
    {
        var folder = $"usr/lib/php/{module.Version}/sapi/";
        return module.Interface == ScriptEffect.PhpModule.AllInterfaces ? files.In(folder).Select(path => path[folder.Length..]) : [module.Interface];
    }

    /// <summary>What a comment <c>; priority=10</c> of a settings file says.</summary>
    private static int Priority(byte[] content)
    {
        foreach (var line in Encoding.UTF8.GetString(content).Split('\n'))
        {
            if (line.StartsWith(';') && line[1..].Split('=', StringSplitOptions.TrimEntries) is ["priority", var text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var priority))
            {
                return priority;
            }
        }

        return UsualPriority;
    }
}
