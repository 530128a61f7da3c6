package sums;

import java.security.KeyStore;
import java.util.Arrays;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

public final class Sums {
    private Sums() {
    }

    static long total(String... numbers) {
        return Arrays.stream(numbers).mapToLong(Long::parseLong).sum();
    }

    public static void main(String[] arguments) throws Exception {
        if (!Arrays.asList(arguments).contains("--roots")) {
            System.out.println(total(arguments));
            return;
        }

        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        int roots = ((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers().length;
        System.out.println("trusts " + roots + " certificates");
        System.exit(roots > 100 ? 0 : 1);
    }
}
