using Cairn.Core.Toolchains.Debian;

namespace Cairn.Tests.Toolchains;

public sealed class MaintainerScriptTests
{
    [Fact]
    public void Read_FindsAlternatives()
    {
        var script = Read("""
            #!/bin/sh
            set -e
            # Automatically added
            update-alternatives --quiet \
                --install /usr/bin/cc cc /usr/bin/gcc 20 \
                #--slave /usr/share/man/man1/cc.1.gz cc.1.gz /usr/share/man/man1/gcc.1.gz
            if [ "$1" = configure ]; then
                update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 \
                    --slave /usr/bin/nawk nawk /usr/bin/mawk \
                    --slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/mawk.1.gz
            fi
            exit 0
            """);

        Assert.Empty(script.Unhandled);
        Assert.Equal(2, script.Alternatives.Length);
        Assert.Equal(new AlternativeLink("/usr/bin/cc", "cc", "/usr/bin/gcc"), script.Alternatives[0].Main);
        Assert.Equal(20, script.Alternatives[0].Priority);
        Assert.Empty(script.Alternatives[0].Followers);
        Assert.Equal(["nawk", "awk.1.gz"], script.Alternatives[1].Followers.Select(static f => f.Name));
    }

    [Fact]
    public void Read_FollowsVariablesAndLoops()
    {
        var script = Read("""
            #!/bin/sh
            priority=1711
            basedir=/usr/lib/jvm/java-17-openjdk-amd64
            jre_tools='java keytool'
            case "$1" in
            configure|reconfigure)
                if [ "$DPKG_MAINTSCRIPT_ARCH" != $(dpkg --print-architecture) ]; then
                    priority=$(expr $priority - 1)
                fi
                for i in $jre_tools; do
                    unset slave1 || true
                    if [ -e $basedir/man/man1/$i.1.gz ]; then
                        slave1="--slave \
                            /usr/share/man/man1/$i.1.gz \
                            $i.1.gz $basedir/man/man1/$i.1.gz"
                    fi
                    while read x; do echo $x; done < /dev/null
                    update-alternatives --install /usr/bin/$i $i $basedir/bin/$i $priority $slave1
                done
                ;;
            *)
                exit 1
                ;;
            esac
            """);

        Assert.Empty(script.Unhandled);
        Assert.Equal(["java", "keytool"], script.Alternatives.Select(static a => a.Main.Name));
        Assert.Equal(new AlternativeLink("/usr/bin/keytool", "keytool", "/usr/lib/jvm/java-17-openjdk-amd64/bin/keytool"), script.Alternatives[1].Main);
        Assert.Equal(1711, script.Alternatives[1].Priority);
        Assert.Equal("/usr/share/man/man1/keytool.1.gz", Assert.Single(script.Alternatives[1].Followers).Link);
    }

    [Theory]
    [InlineData("ln -s /usr/bin/a /usr/bin/b", "line 2: ln -s /usr/bin/a /usr/bin/b")]
    [InlineData("if true; then phpenmod -s ALL json; fi", "line 2: phpenmod -s ALL json")]
    [InlineData("php_invoke enmod 8.2 ALL $(cat x)", "line 2: php_invoke enmod 8.2 ALL $(…)")]
    [InlineData("ucf $(mktemp) /etc/x", "line 2: ucf $(…) /etc/x")]
    [InlineData("cp relative /etc/x", "line 2: cp relative /etc/x")]
    [InlineData("tool=$(which thing); $tool --make", "line 2: $tool --make")]
    [InlineData("for x in $(ls /etc); do mkthing $x; done", "line 2: mkthing $x")]
    [InlineData("update-xmlcatalog --add --type mystery --id a --package b --root", "line 2: update-xmlcatalog --add --type mystery --id a")]
    [InlineData("echo yes > /etc/tool.conf", "line 2: writes /etc/tool.conf")]
    [InlineData("x=$(dpkg-divert --add sh)", "line 2: dpkg-divert --add sh")]
    [InlineData("test -x /usr/bin/cat && /usr/sbin/update-catalog", "line 2: /usr/sbin/update-catalog")]
    [InlineData("update-alternatives --install /usr/bin/x x $1 10", "line 2: update-alternatives --install /usr/bin/x x $1 10")]
    [InlineData("cat <<END >/etc/made\nln -s a b\nEND", "line 2: writes /etc/made")]
    public void Read_TellsWhatMatters(string line, string finding) => Assert.Equal(new Unhandled(null, finding), Assert.Single(Read("#!/bin/sh\n" + line + "\n").Unhandled));

    [Theory]
    [InlineData("helper() { echo $1; }\nhelper a")]
    [InlineData("cat <<-END\n\tln -s a b\n\tEND\necho done >&2")]
    [InlineData("case x in (configure) ldconfig ;; abort-*|*remove) : ;; esac")]
    [InlineData("if which py3compile >/dev/null 2>&1; then\n  py3compile -p x\nfi")]
    [InlineData("deb-systemd-helper unmask 'x.service' >/dev/null || true")]
    [InlineData("install -d /usr/lib/x; mv -f /etc/x.dpkg-new /etc/x; dpkg-divert --list x")]
    [InlineData("update-catalog --quiet --update-super; ucf --purge /etc/x; update-xmlcatalog --del --root --package x")]
    [InlineData("tool=\nif which x; then tool=gtk-update-icon-cache; fi\n\"$tool\" --force /usr/share/icons")]
    [InlineData("$empty; for m in $(phpquery -M); do php_invoke enmod 8.2 cli $m; done")]
    [InlineData("awk 'BEGIN { ln -s }\n  { print }' /dev/null")]
    [InlineData("rm -f /etc/old; chown root:root /var/x; echo a >> /var/log/x")]
    public void Read_PassesOverWhatDoesNotMatter(string lines) => Assert.Empty(Read("#!/bin/sh\nset -e\n" + lines + "\n").Unhandled);

    [Fact]
    public void Read_FindsWhatIsDoneNatively()
    {
        var script = Read("""
            #!/bin/sh
            inidir=/etc/php/8.2/mods-available
            for dso in ctype pdo; do
                inifile=${dso}.ini
                ucf --three-way /usr/share/php/${inifile} ${inidir}/${inifile}
                php_invoke enmod 8.2 ALL ${dso}
            done
            dpkg-divert --package tool --add --rename --divert /usr/bin/awk.other /usr/bin/awk
            dpkg-divert --add /usr/bin/nawk
            update-xmlcatalog --sort --add --type public --id "-//A//DTD B//EN" --package tool --local /usr/share/xml/b.xml
            update-xmlcatalog --sort --add --type system --id "http://a/b" --package tool --root
            update-catalog --quiet --add /etc/sgml/tool.cat /usr/share/sgml/tool/catalog
            """);

        Assert.Empty(script.Unhandled);
        Assert.Equal(
        [
            new ScriptEffect.Copied("/usr/share/php/ctype.ini", "/etc/php/8.2/mods-available/ctype.ini"),
            new ScriptEffect.PhpModule("8.2", "ALL", "ctype"),
            new ScriptEffect.Copied("/usr/share/php/pdo.ini", "/etc/php/8.2/mods-available/pdo.ini"),
            new ScriptEffect.PhpModule("8.2", "ALL", "pdo"),
            new ScriptEffect.Diverted("/usr/bin/awk", "/usr/bin/awk.other"),
            new ScriptEffect.Diverted("/usr/bin/nawk", "/usr/bin/nawk.distrib"),
            new ScriptEffect.XmlEntry("public", "-//A//DTD B//EN", "tool", "/usr/share/xml/b.xml"),
            new ScriptEffect.XmlEntry("system", "http://a/b", "tool", null),
            new ScriptEffect.SgmlEntry("/etc/sgml/tool.cat", "/usr/share/sgml/tool/catalog"),
        ], script.Effects);
    }

    [Fact]
    public void Read_LeavesToTheTreeWhetherAFileIsThereToBeMoved()
    {
        var script = Read("#!/bin/sh\nif [ -f /usr/lib/old ]; then mv -f /usr/lib/old /etc/new; fi\n");

        Assert.Equal(new Unhandled("/usr/lib/old", "line 2: mv -f /usr/lib/old /etc/new"), Assert.Single(script.Unhandled));
    }

    [Fact]
    public void Read_RefusesPrograms() => Assert.Single(MaintainerScript.Read("x", "\u007fELF").Unhandled);

    private static MaintainerScript Read(string script) => MaintainerScript.Read("tool", script);
}
