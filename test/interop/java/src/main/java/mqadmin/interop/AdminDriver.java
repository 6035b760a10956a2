package mqadmin.interop;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/**
 * Apache's mqadmin, many command lines in one JVM.
 *
 * <p>A line of stdin is the words of one command, each in base64, with blanks between. A line of stdout answers it:
 * {@code done <stdout in base64> <stderr in base64>}. A command that ends the JVM is answered on the way down with
 * {@code exit} for {@code done}; the exit code of the process is then its own.
 */
public final class AdminDriver {
    private static final PrintStream ANSWERS = System.out;
    private static Capture out;
    private static Capture err;

    /** What a command prints. */
    private static final class Capture extends ByteArrayOutputStream {
        synchronized String take() {
            String text = Base64.getEncoder().encodeToString(toByteArray());
            reset();
            return text;
        }
    }

    private AdminDriver() {
    }

    public static void main(String[] ignored) throws Exception {
        out = new Capture();
        err = new Capture();
        System.setOut(new PrintStream(out, true, "UTF-8"));
        System.setErr(new PrintStream(err, true, "UTF-8"));
        Thread onExit = new Thread(() -> answer("exit"));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = Arrays.stream(line.split(" ")).map(AdminDriver::decode).toArray(String[]::new);
            Runtime.getRuntime().addShutdownHook(onExit);
            try {
                forgetCommands();
                MQAdminStartup.main0(words, null);
            } catch (Throwable error) {
                error.printStackTrace();
            }
            Runtime.getRuntime().removeShutdownHook(onExit);
            answer("done");
        }
        // Clients that a command has left open must not keep the JVM.
        System.exit(0);
    }

    /** Commands keep producers and options of an earlier line. The list has another name in 4.9. */
    private static void forgetCommands() throws IllegalAccessException {
        for (Field field : MQAdminStartup.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) && List.class.isAssignableFrom(field.getType())) {
                field.setAccessible(true);
                ((List<?>) field.get(null)).clear();
            }
        }
    }

    private static String decode(String word) {
        return new String(Base64.getDecoder().decode(word), StandardCharsets.UTF_8);
    }

    private static void answer(String how) {
        System.out.flush();
        System.err.flush();
        ANSWERS.println(how + " " + out.take() + " " + err.take());
        ANSWERS.flush();
    }
}
