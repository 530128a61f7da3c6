package @@group@@.@@name:lower@@;

import java.io.IOException;

/** The program: serves until it is stopped. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws IOException {
        Service.create(args.length > 0 ? Integer.parseInt(args[0]) : 8080).start();
    }
}
