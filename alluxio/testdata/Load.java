import java.io.FileInputStream;
import java.io.File;
import java.util.Map;
import java.util.Properties;

/** Prints what java.util.Properties reads from each file of a folder: "FILE KEY VALUE" in hexadecimal UTF-16, or "FILE !". */
public class Load {
  public static void main(String[] args) throws Exception {
    for (File file : new File(args[0]).listFiles()) {
      Properties properties = new Properties();
      try (FileInputStream in = new FileInputStream(file)) {
        properties.load(in);
      } catch (IllegalArgumentException e) {
        System.out.println(file.getName() + " !");
        continue;
      }
      for (Map.Entry<Object, Object> entry : properties.entrySet()) {
        System.out.println(file.getName() + " " + hex(entry.getKey()) + " " + hex(entry.getValue()));
      }
    }
  }

  static String hex(Object text) {
    StringBuilder out = new StringBuilder("x");
    for (char c : text.toString().toCharArray()) {
      out.append(String.format("%04x", (int) c));
    }
    return out.toString();
  }
}
