-- Invariant 13. What a database is made of, a line each: the same before the addon is installed and
-- after it is uninstalled (see bin/test).
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index ' || indexname FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'model ' || model FROM ir_model
UNION ALL
SELECT 'field ' || model || '.' || name FROM ir_model_fields
UNION ALL
SELECT 'record ' || module || '.' || name FROM ir_model_data
UNION ALL
SELECT 'group ' || gid || ' implies ' || hid FROM res_groups_implied_rel
UNION ALL
SELECT 'member ' || uid || ' of group ' || gid FROM res_groups_users_rel
UNION ALL
SELECT 'menu ' || menu_id || ' for group ' || gid FROM ir_ui_menu_group_rel
UNION ALL
SELECT 'access ' || name FROM ir_model_access
UNION ALL
SELECT 'rule ' || name FROM ir_rule
UNION ALL
SELECT 'view ' || id || ' ' || name FROM ir_ui_view
UNION ALL
SELECT 'cron ' || cron_name FROM ir_cron
UNION ALL
SELECT 'parameter ' || key FROM ir_config_parameter WHERE key NOT LIKE 'base_setup.%'
ORDER BY 1
