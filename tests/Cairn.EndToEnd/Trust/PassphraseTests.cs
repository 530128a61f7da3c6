namespace Cairn.EndToEnd.Trust;

/// <summary>Passphrases at a terminal: asked for, never shown, and given up with Ctrl-C.</summary>
public sealed class PassphraseTests
{
    // Ctrl-C reaches the shell too, which goes on; it tells how the last command ended, and whether the terminal shows again what is typed.
    private const string Script = """
        trap : INT
        "$0" keys generate ci --encrypt && "$0" attest app --key ci
        echo "ended with $?"
        "$0" attest app --key ci
        echo "then with $?"
        stty -a | grep -q ' echo ' && echo "echo is on"
        """;

    [Fact]
    public async Task APassphrase_IsTypedUnseen_AskedForAgainWhereItIsWrong_AndGivenUp()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var project = new TestProject();
        project.Write("app", "made by hand\n");
        await using var terminal = await TestTerminal.StartAsync(
            Path.Combine(project.Environment["HOME"], "terminal"), 100, 30, project.Command() with { Program = "sh", Arguments = ["-c", Script, CairnBinary.Path] }, cancellationToken);

        await AnswerAsync("New passphrase for the key `ci`:", "correct horse");
        await AnswerAsync("The same again:", "correct horse");
        await AnswerAsync("Passphrase of the key `ci`:", "wrong horse");
        await AnswerAsync("That is not the passphrase\nPassphrase of the key `ci`:", "correct horse");
        await terminal.WaitForAsync("ended with 0\nPassphrase of the key `ci`:", cancellationToken);
        await terminal.TypeAsync("half a horse", cancellationToken);
        await terminal.PressAsync(cancellationToken, "C-c");

        Assert.Equal(0, await terminal.ExitAsync(cancellationToken));
        var seen = await terminal.HistoryAsync(cancellationToken);
        Assert.Contains("Wrote app.intoto.jsonl: 1 file, signed by ci\n", seen, StringComparison.Ordinal);
        Assert.Contains("then with 130\necho is on\n", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("horse", seen, StringComparison.Ordinal);

        async Task AnswerAsync(string question, string answer)
        {
            await terminal.WaitForAsync(question, cancellationToken);
            await terminal.TypeAsync(answer, cancellationToken);
            await terminal.PressAsync(cancellationToken, "Enter");
        }
    }

    [Fact]
    public async Task WithoutATerminal_ItIsSaidHowElseItIsGiven()
    {
        using var project = new TestProject();
        var result = await (project.Command("keys", "generate", "ci", "--encrypt").Under("setsid", "-w")).RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("There is no terminal to ask for the passphrase of the key `ci`\nhelp: give it by a file descriptor: `--passphrase-fd 3 3< FILE`\n", result.Error, StringComparison.Ordinal);
    }
}
