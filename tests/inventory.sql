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
UNION ALL
SELECT 'mailing that waits ' || id FROM mailing_mailing WHERE state IN ('in_queue', 'sending')
UNION ALL
SELECT 'contact tag ' || (name ->> 'en_US') FROM res_partner_category
UNION ALL
SELECT 'lead tag ' || (name ->> 'en_US') FROM crm_tag
UNION ALL
SELECT 'ticket tag ' || (name ->> 'en_US') FROM helpdesk_ticket_tag
UNION ALL
SELECT 'subscription tag ' || name FROM sale_subscription_tag
UNION ALL
SELECT 'contact ' || partner_id || ' bears tag ' || category_id
  FROM res_partner_res_partner_category_rel
UNION ALL
SELECT 'lead ' || lead_id || ' bears tag ' || tag_id FROM crm_tag_rel
UNION ALL
SELECT 'ticket ' || helpdesk_ticket_id || ' bears tag ' || helpdesk_ticket_tag_id
  FROM helpdesk_ticket_helpdesk_ticket_tag_rel
UNION ALL
SELECT 'subscription ' || sale_subscription_id || ' bears tag ' || sale_subscription_tag_id
  FROM sale_subscription_sale_subscription_tag_rel
ORDER BY 1
