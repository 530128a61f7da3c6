using System.Security;
using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>Makes the catalogs by which XML and SGML find their document types: what <c>update-xmlcatalog</c> and <c>update-catalog</c> make.</summary>
internal static class TreeCatalogs
{
    private const string Super = "var/lib/sgml-base/supercatalog";

    public static void Add(TreeFiles files, IReadOnlyList<ScriptEffect> effects)
    {
        AddXml(files, effects.OfType<ScriptEffect.XmlEntry>());
        AddSgml(files, effects.OfType<ScriptEffect.SgmlEntry>());
    }

    private static void AddXml(TreeFiles files, IEnumerable<ScriptEffect.XmlEntry> entries)
    {
        foreach (var group in entries.Select(static e => (File: e.Catalog is null ? "etc/xml/catalog" : $"etc/xml/{e.Package}.xml", Line: Line(e))).GroupBy(static e => e.File, static e => e.Line, StringComparer.Ordinal))
        {
            var text = new StringBuilder("<?xml version=\"1.0\"?>\n<catalog xmlns=\"urn:oasis:names:tc:entity:xmlns:xml:catalog\">\n");
            foreach (var line in group.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                text.Append(line);
            }

            files.SetFile(group.Key, text.Append("</catalog>\n").ToString());
        }
    }

    private static string Line(ScriptEffect.XmlEntry entry)
    {
        var (element, attribute) = entry.Kind switch
        {
            "public" => ("delegatePublic", "publicIdStartString"),
            "system" => ("delegateSystem", "systemIdStartString"),
            _ => ("delegateURI", "uriStartString"),
        };
        return $"<{element} {attribute}=\"{SecurityElement.Escape(entry.Start)}\" catalog=\"file://{SecurityElement.Escape(entry.Catalog ?? $"/etc/xml/{entry.Package}.xml")}\"/>\n";
    }

    private static void AddSgml(TreeFiles files, IEnumerable<ScriptEffect.SgmlEntry> entries)
    {
        foreach (var group in entries.GroupBy(static e => PackagePaths.Absolute(e.Catalog), static e => e.Entry, StringComparer.Ordinal))
        {
            files.SetFile(group.Key, string.Concat(group.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(static entry => $"CATALOG {entry}\n")));
        }

        var catalogs = files.In("etc/sgml/").Where(static path => path.EndsWith(".cat", StringComparison.Ordinal)).ToArray();
        if (catalogs.Length > 0)
        {
            files.SetFile(Super, string.Concat(catalogs.Select(static path => $"CATALOG /{path}\n")));
            files.TryAddLink("etc/sgml/catalog", $"/{Super}");
        }
    }
}
