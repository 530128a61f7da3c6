package @@group@@.@@name:lower@@;

/** The program: greets whom its argument names. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) {
        System.out.println(Greeting.forName(args.length > 0 ? args[0] : "World"));
    }
}
