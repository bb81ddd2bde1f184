import alluxio.conf.PropertyKey;
import java.lang.reflect.Field;

/** Prints of each property of this Alluxio: name, "jvm" or "site", how it is shown, and its default if it has one. */
public class Facts {
  public static void main(String[] args) throws Exception {
    Field display = PropertyKey.class.getDeclaredField("mDisplayType");
    display.setAccessible(true);
    for (PropertyKey key : PropertyKey.defaultKeys()) {
      Object value = key.getDefaultValue();
      System.out.println(key.getName() + "\t" + (key.isIgnoredSiteProperty() ? "jvm" : "site") + "\t"
          + display.get(key) + (value == null ? "" : "\t" + value));
    }
  }
}
