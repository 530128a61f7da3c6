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
    [InlineData("echo yes > /etc/tool.conf", "line 2: writes /etc/tool.conf")]
    [InlineData("x=$(dpkg-divert --add /bin/sh)", "line 2: dpkg-divert --add /bin/sh")]
    [InlineData("test -x /usr/bin/cat && /usr/sbin/update-catalog", "line 2: /usr/sbin/update-catalog")]
    [InlineData("update-alternatives --install /usr/bin/x x $1 10", "line 2: update-alternatives --install /usr/bin/x x $1 10")]
    [InlineData("cat <<END >/etc/made\nln -s a b\nEND", "line 2: writes /etc/made")]
    public void Read_TellsWhatMatters(string line, string finding) => Assert.Equal(finding, Assert.Single(Read("#!/bin/sh\n" + line + "\n").Unhandled));

    [Theory]
    [InlineData("helper() { echo $1; }\nhelper a")]
    [InlineData("cat <<-END\n\tln -s a b\n\tEND\necho done >&2")]
    [InlineData("case x in (configure) ldconfig ;; abort-*|*remove) : ;; esac")]
    [InlineData("if which py3compile >/dev/null 2>&1; then\n  py3compile -p x\nfi")]
    [InlineData("deb-systemd-helper unmask 'x.service' >/dev/null || true")]
    [InlineData("awk 'BEGIN { ln -s }\n  { print }' /dev/null")]
    [InlineData("rm -f /etc/old; chown root:root /var/x; echo a >> /var/log/x")]
    public void Read_PassesOverWhatDoesNotMatter(string lines) => Assert.Empty(Read("#!/bin/sh\nset -e\n" + lines + "\n").Unhandled);

    [Fact]
    public void Read_RefusesPrograms() => Assert.Single(MaintainerScript.Read("x", "\u007fELF").Unhandled);

    private static MaintainerScript Read(string script) => MaintainerScript.Read("tool", script);
}
