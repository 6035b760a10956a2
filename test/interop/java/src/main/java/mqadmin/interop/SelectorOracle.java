package mqadmin.interop;

import com.alibaba.fastjson.JSON;
import com.alibaba.fastjson.JSONArray;
import com.alibaba.fastjson.JSONObject;
import java.io.BufferedReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Map;
import org.apache.rocketmq.filter.expression.EvaluationContext;
import org.apache.rocketmq.filter.expression.Expression;
import org.apache.rocketmq.filter.parser.SelectorParser;
import org.apache.rocketmq.filter.util.BloomFilter;

/**
 * What Apache's filter module makes of message selectors. Reads a JSON object a line of a file and answers with one:
 * {"selector": text, "properties": [{name: value}]} with {"error": text} or {"results": "TFNX"} (true, false, NULL,
 * exception, a letter for each object), {"f": n, "n": n, "key": text} with the bits of a bloom filter.
 */
public final class SelectorOracle {
    private SelectorOracle() {
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = Files.newBufferedReader(Paths.get(args[0]));
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JSONObject question = JSON.parseObject(line);
            out.println((question.containsKey("key") ? bits(question) : results(question)).toJSONString());
        }
    }

    private static JSONObject bits(JSONObject question) {
        BloomFilter filter = BloomFilter.createByFn(question.getIntValue("f"), question.getIntValue("n"));
        JSONObject answer = new JSONObject();
        answer.put("k", filter.getK());
        answer.put("m", filter.getM());
        answer.put("bitPos", filter.calcBitPositions(question.getString("key")));
        return answer;
    }

    private static JSONObject results(JSONObject question) {
        JSONObject answer = new JSONObject();
        Expression selector;
        try {
            selector = SelectorParser.parse(question.getString("selector"));
        } catch (Exception e) {
            answer.put("error", String.valueOf(e.getMessage()));
            return answer;
        }
        StringBuilder letters = new StringBuilder();
        JSONArray all = question.getJSONArray("properties");
        for (int i = 0; i < all.size(); i++) {
            letters.append(letter(selector, all.getJSONObject(i)));
        }
        answer.put("results", letters.toString());
        return answer;
    }

    private static char letter(Expression selector, JSONObject properties) {
        try {
            Object result = selector.evaluate(new EvaluationContext() {
                @Override
                public Object get(String name) {
                    return properties.getString(name);
                }

                @Override
                public Map<String, Object> keyValues() {
                    return properties;
                }
            });
            return result == null ? 'N' : Boolean.TRUE.equals(result) ? 'T' : 'F';
        } catch (Throwable e) {
            return 'X';
        }
    }
}
