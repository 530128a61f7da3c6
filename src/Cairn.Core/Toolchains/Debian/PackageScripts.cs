namespace Cairn.Core.Toolchains.Debian;

/// <summary>Which commands of maintainer scripts need not be done in a toolchain, since they look at something, concern a machine that is booted and updated, or are done in another way.</summary>
internal static class PackageScripts
{
    private const string All = "*";

    /// <summary>The shell's own, and programs that only look at something or say something.</summary>
    private static readonly HashSet<string> Looking = new(StringComparer.Ordinal)
    {
        ".", ":", "[", "alias", "awk", "base64", "basename", "break", "cat", "cd", "cmp", "command", "continue", "cut", "date", "diff", "dirname", "done", "echo", "egrep", "env", "exit", "export", "expr", "false", "fgrep", "file", "find", "for", "getent",
        "getopts", "grep", "head", "hash", "id", "ischroot", "local", "ls", "md5sum", "mktemp", "mountpoint", "printf", "pwd", "read", "readlink", "realpath", "return", "sed", "set", "sha256sum", "sha512sum", "shift", "sleep", "sort", "stat", "systemd-detect-virt",
        "tail", "tempfile", "test", "tr", "trap", "true", "type", "umask", "uname", "uniq", "until", "while", "unset", "wait", "wc", "which", "xargs", "dpkg", "dpkg-query", "dpkg-realpath", "dpkg-maintscript-helper", "dpkg-architecture", "phpquery", "tput", "runlevel",
    };

    /// <summary>Owners, rights, users, services, debconf, caches of desktops, and what takes away or prepares a folder: nothing of it is in a tree or reaches a step.</summary>
    private static readonly HashSet<string> Machine = new(StringComparer.Ordinal)
    {
        "chown", "chgrp", "chmod", "chattr", "setcap", "getcap", "setfacl", "restorecon", "rm", "rmdir", "unlink", "mkdir", "touch", "adduser", "addgroup", "deluser", "delgroup", "useradd", "usermod", "groupadd", "groupmod", "userdel", "groupdel",
        "systemctl", "systemd-tmpfiles", "systemd-sysusers", "deb-systemd-helper", "deb-systemd-invoke", "invoke-rc.d", "update-rc.d", "service", "start-stop-daemon", "udevadm", "telinit", "sysctl", "kill", "pgrep", "killall", "pkill", "pidof",
        "dpkg-statoverride", "dpkg-trigger", "update-shells", "add-shell", "remove-shell", "update-menus", "update-mime", "update-mime-database", "update-desktop-database", "gtk-update-icon-cache", "update-icon-caches",
        "gtk-update-icon-cache-3.0", "glib-compile-schemas", "gio-querymodules", "gdk-pixbuf-query-loaders", "gtk-query-immodules-2.0", "gtk-query-immodules-3.0", "fc-cache", "mandb", "install-info", "update-initramfs", "update-binfmts", "apparmor_parser", "aa-enabled", "apt-config", "apt-get", "apt-key", "ucfr", "ucfq", "mktexlsr", "emacs-package-install", "emacs-package-remove", "update-passwd", "pwck", "grpck",
        "db_version", "db_capb", "db_get", "db_set", "db_input", "db_go", "db_stop", "db_metaget", "db_fset", "db_fget", "db_reset", "db_register", "db_unregister", "db_purge", "db_subst", "db_title", "db_settitle", "db_beginblock", "db_endblock", "db_clear",
    };

    /// <summary>Done for every tree, or off: links of libraries, certificates; byte code is made where it is needed.</summary>
    private static readonly HashSet<string> Done = new(StringComparer.Ordinal)
    {
        "ldconfig", "update-ca-certificates", "py3compile", "py3clean", "py3versions", "pycompile", "pyclean", "pypy3compile", "pypy3clean",
    };

    /// <summary>
    /// What else packages do, and why it need not be done: their scripts were read. A star stands for all that they do, <c>&gt;</c> for the files that they write.
    /// </summary>
    private static readonly Dictionary<string, string[]> Known = new(StringComparer.Ordinal)
    {
        // Home and profile of root, folders for mounts; /var/run and /var/lock are links in every tree.
        ["base-files"] = ["cp", "ln", "mv", ">"],

        // passwd and group are those of the sandbox.
        ["base-passwd"] = [All],

        // /bin/sh where there is none: it is dash's.
        ["bash"] = ["ln"],

        // Links for programs that once stood elsewhere.
        ["coreutils"] = ["ln"],

        // Took /bin/sh over from bash in trees of long ago.
        ["dash"] = ["cp", "ln", "mv", "dpkg-divert"],

        // /etc/shells.
        ["debianutils"] = ["cp"],

        // Mends its own database, which a tree has not.
        ["dpkg"] = [All],

        // os-release, which base-files has.
        ["init-system-helpers"] = ["dpkg-divert", "ln"],

        // nsswitch.conf is the sandbox's.
        ["libc-bin"] = ["cp"],

        // Looks at the kernel, and restarts services; /lib64 is a link in every tree.
        ["libc6"] = [All],

        // The files of all certificates are made for every tree, Java's too.
        ["ca-certificates"] = [All],
        ["ca-certificates-java"] = [All],

        // Links of one of many settings, by a question that nobody answers: see Links.
        ["fontconfig-config"] = ["ln"],

        // A cache of the desktop.
        ["libgdk-pixbuf-2.0-0"] = [">"],

        // The catalog of all catalogs is made for every tree; there is none of a time before it.
        ["sgml-base"] = ["cp", "ln", ">"],

        // Settings of web servers.
        ["javascript-common"] = [All],

        // Mends what earlier versions left.
        ["git"] = ["ln"],
        ["openssl"] = ["ln"],
        ["procps"] = ["mv"],
        ["ucf"] = [All],

        // Keys of a terminal: see Copies. The time zone, which is UTC.
        ["readline-common"] = ["cp"],
        ["tzdata"] = [All],

        // Names of users and of the machine are those of the sandbox.
        ["adduser"] = [All],
        ["netbase"] = [">"],
        ["passwd"] = ["shadowconfig"],
        ["sudo"] = ["mv"],

        // Nothing boots, and no service runs.
        ["dbus"] = [All],
        ["dbus-daemon"] = [All],
        ["dbus-system-bus-common"] = [All],
        ["erlang-base"] = [All],
        ["libpam-systemd"] = [All],
        ["libwrap0"] = [">"],
        ["systemd"] = [All],
        ["systemd-sysv"] = [All],

        // Nobody prints, reads manuals, or has a text's spelling checked.
        ["dictionaries-common"] = [All],
        ["hunspell-en-us"] = [All],
        ["libpaper1"] = [All],
        ["man-db"] = [All],

        // Asks whether a server of the network may be asked: no.
        ["libdebuginfod-common"] = ["ln"],

        // For a program that Debian no longer has.
        ["libbcprov-java"] = ["rebuild-security-providers"],

        // An error that cannot be.
        ["flex"] = ["print"],

        // A list of what was installed by hand: nothing.
        ["luarocks"] = [All],

        // Settings that were made for a version of long ago; that the settings are MariaDB's, which differ in nothing that a client does.
        ["docbook-xsl"] = ["ln"],
        ["libxml-sax-perl"] = ["mv"],
        ["mysql-common"] = [">"],
        ["mariadb-common"] = ["configure-symlinks"],

        // Formats of TeX, which its own packages make: they are refused.
        ["tex-common"] = [All],
        ["texinfo"] = [All],

        // Settings of git: see Files.
        ["git-lfs"] = ["git"],

        // Byte code, and the hooks that make it.
        ["python3"] = [All],
        ["python3-distutils"] = [All],
        ["python3-lib2to3"] = [All],
        ["python3-tk"] = [All],
        ["python3.11"] = [All],
        ["python3.11-minimal"] = [All],
        ["python3.11-venv"] = [All],
        ["python3.13"] = [All],
        ["python3.13-minimal"] = [All],
        ["python3.13-venv"] = [All],

        // Looks for copies that nobody installed.
        ["libgcrypt20"] = ["clean-up-unmanaged-libraries"],

        // An example of a configuration that is empty.
        ["libgssapi-krb5-2"] = ["cp"],

        // Nobody logs in.
        ["libpam-modules"] = [All],
        ["libpam-runtime"] = [All],
        ["libpam0g"] = [All],
    };

    /// <summary>Links that packages make by asking, with the answer that is usual, and what they lead to: made where that is in the tree.</summary>
    public static (string Path, string Target)[] Links { get; } =
    [
        ("etc/fonts/conf.d/10-hinting-slight.conf", "/usr/share/fontconfig/conf.avail/10-hinting-slight.conf"),
        ("etc/fonts/conf.d/70-no-bitmaps.conf", "/usr/share/fontconfig/conf.avail/70-no-bitmaps.conf"),
    ];

    /// <summary>Settings that packages begin in ways of their own, and the templates: made where these are in the tree.</summary>
    public static (string From, string To)[] Copies { get; } = [("/usr/share/readline/inputrc", "/etc/inputrc")];

    /// <summary>Files that packages make by running a program of theirs, and which program that is: made where it is in the tree.</summary>
    public static (string Path, string Needed, string Content)[] Files { get; } =
    [
        ("etc/gitconfig", "/usr/bin/git-lfs", "[filter \"lfs\"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n\tprocess = git-lfs filter-process\n\trequired = true\n"),
    ];

    /// <summary>Whether a command of a package's script needs nothing to be done.</summary>
    public static bool IsHandled(string package, string program) =>
        Looking.Contains(program) || Machine.Contains(program) || Done.Contains(program) || IsKnown(package, program);

    /// <summary>Whether it needs nothing to be done that a package's script writes a file.</summary>
    public static bool MayWrite(string package, string path) =>
        path.Length == 0 || path.StartsWith("/var/", StringComparison.Ordinal) || path.StartsWith("/run/", StringComparison.Ordinal) || path.StartsWith("/tmp/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal)
        || path.Contains(ShellWord.Opaque, StringComparison.Ordinal) || IsKnown(package, ">");

    /// <summary>Whether a package is known to do something that needs nothing to be done.</summary>
    public static bool IsKnown(string package, string what) => Known.TryGetValue(package, out var commands) && (Array.IndexOf(commands, what) >= 0 || Array.IndexOf(commands, All) >= 0);
}
