using System.Globalization;
using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>Makes what <c>update-perl-sax-parsers</c> makes: the list of parsers of XML, of which the last is what Perl's programs take.</summary>
internal static class TreePerl
{
    public static void Add(TreeFiles files, IEnumerable<ScriptEffect.PerlSaxParser> parsers)
    {
        var text = new StringBuilder();
        foreach (var parser in parsers.Distinct().OrderBy(static p => string.Create(CultureInfo.InvariantCulture, $"{p.Priority}-{p.Module}"), StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"[{parser.Module}]\nhttp://xml.org/sax/features/namespaces = 1\n\n");
        }

        if (text.Length > 0)
        {
            files.SetFile("etc/perl/XML/SAX/ParserDetails.ini", text.ToString());
        }
    }
}
